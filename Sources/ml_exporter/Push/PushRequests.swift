internal import Synchronization

/// How requests to the push listener's routes were answered.
final class PushRequests: Sendable {
    /// A route, the value of the label `path`. Never the path that a client sent, so that the number of
    /// series is bounded.
    enum Path: Int, CaseIterable, Sendable {
        case events, models, model, version, profile, report, producers, producer, groups, other

        var name: String {
            switch self {
            case .events: "/v1/events"
            case .models: "/v1/models"
            case .model: "/v1/models/{model}"
            case .version: "/v1/models/{model}/versions/{version}"
            case .profile: "/v1/models/{model}/versions/{version}/profile"
            case .report: "/v1/models/{model}/versions/{version}/report"
            case .producers: "/v1/producers"
            case .producer: "/v1/producers/{id}"
            case .groups: "/metrics/job/{job}"
            case .other: "other"
            }
        }
    }

    /// Status codes that are counted one by one; others count as the last.
    static let statuses = [200, 202, 400, 403, 404, 405, 413, 415, 429, 503, 0]

    private let wasAsked = Atomic(false)
    private let counts: InlineArray<110, Atomic<UInt64>> = InlineArray { _ in Atomic(0) }

    init() {
        precondition(Path.allCases.count * PushRequests.statuses.count == counts.count)
    }

    /// Whether there was any request since the start.
    var areAny: Bool { wasAsked.load(ordering: .relaxed) }

    func count(_ path: Path, status: Int) {
        if !areAny { wasAsked.store(true, ordering: .relaxed) }
        let index = PushRequests.statuses.firstIndex(of: status) ?? PushRequests.statuses.count - 1
        counts[path.rawValue * PushRequests.statuses.count + index]
            .wrappingAdd(1, ordering: .relaxed)
    }

    func answers(_ path: Path, index: Int) -> UInt64 {
        counts[path.rawValue * PushRequests.statuses.count + index].load(ordering: .relaxed)
    }
}
