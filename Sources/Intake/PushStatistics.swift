package import Observation
internal import Synchronization

/// What has come in pushes of events. Reading takes no lock.
package final class PushStatistics: Sendable {
    /// Upper bounds of how long pushes take, in seconds.
    package static let durationBounds = [
        0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1,
    ]

    private let byKind: InlineArray<6, Atomic<UInt64>> = InlineArray { _ in Atomic(0) }
    private let byCode: InlineArray<32, Atomic<UInt64>> = InlineArray { _ in Atomic(0) }
    private let byDuration: InlineArray<14, Atomic<UInt64>> = InlineArray { _ in Atomic(0) }
    private let durationNanoseconds = Atomic<UInt64>(0)
    private let bodyBytes = Atomic<UInt64>(0)
    private let unknown = Atomic<UInt64>(0)
    private let features = Atomic<UInt64>(0)
    private let timestamps = Atomic<UInt64>(0)
    private let cutTexts = Atomic<UInt64>(0)
    private let costly = Atomic<UInt64>(0)

    package init() {
        precondition(EventKind.allCases.count == byKind.count)
        precondition(RejectionCode.allCases.count <= byCode.count)
        precondition(PushStatistics.durationBounds.count + 1 == byDuration.count)
    }

    // MARK: Values

    /// Events that were decoded, rows of columns counted one by one.
    package func events(_ kind: EventKind) -> UInt64 {
        byKind[Int(kind.rawValue)].load(ordering: .relaxed)
    }
    package func rejected(_ code: RejectionCode) -> UInt64 {
        byCode[code.rawValue].load(ordering: .relaxed)
    }
    /// Bodies that took `EventLimits.decodingTime`.
    package var costlyBodies: UInt64 { costly.load(ordering: .relaxed) }
    /// Bytes of bodies as they came.
    package var bytes: UInt64 { bodyBytes.load(ordering: .relaxed) }
    /// Unknown keys of events.
    package var unknownFields: UInt64 { unknown.load(ordering: .relaxed) }
    /// Features beyond the limit of one event.
    package var droppedFeatures: UInt64 { features.load(ordering: .relaxed) }
    /// Times too far from now.
    package var ignoredTimestamps: UInt64 { timestamps.load(ordering: .relaxed) }
    /// Reasons and categories that were cut at their limit.
    package var truncatedTexts: UInt64 { cutTexts.load(ordering: .relaxed) }
    /// Pushes that took as long as the bound of that index allows and longer than the one before;
    /// the last index is for those beyond all.
    package func durations(_ index: Int) -> UInt64 { byDuration[index].load(ordering: .relaxed) }
    package var durationSeconds: Double {
        Double(durationNanoseconds.load(ordering: .relaxed)) / 1e9
    }

    // MARK: Counting

    func countCostlyBody() {
        costly.wrappingAdd(1, ordering: .relaxed)
    }

    func count(bytes: Int) {
        bodyBytes.wrappingAdd(UInt64(bytes), ordering: .relaxed)
    }

    func count(nanoseconds: UInt64) {
        let seconds = Double(nanoseconds) / 1e9
        let bounds = PushStatistics.durationBounds
        let index = bounds.firstIndex { seconds <= $0 } ?? bounds.count
        byDuration[index].wrappingAdd(1, ordering: .relaxed)
        durationNanoseconds.wrappingAdd(nanoseconds, ordering: .relaxed)
    }

    func count(_ batch: borrowing Batch) {
        for kind in EventKind.allCases { add(batch.count(of: kind), kind: kind) }
        let omissions = batch.omissions
        if omissions == IgnoredInput() { return }
        unknown.wrappingAdd(omissions.unknownFields, ordering: .relaxed)
        features.wrappingAdd(omissions.features, ordering: .relaxed)
        timestamps.wrappingAdd(omissions.timestamps, ordering: .relaxed)
        cutTexts.wrappingAdd(omissions.cutTexts, ordering: .relaxed)
    }

    func count(_ outcome: BatchOutcome) {
        if outcome.rejected == 0 { return }
        for code in RejectionCode.allCases {
            let count = outcome.byCode[code.rawValue]
            if count > 0 { byCode[code.rawValue].wrappingAdd(UInt64(count), ordering: .relaxed) }
        }
    }

    private func add(_ count: Int, kind: EventKind) {
        if count > 0 { byKind[Int(kind.rawValue)].wrappingAdd(UInt64(count), ordering: .relaxed) }
    }
}
