internal import Kernel
internal import Synchronization

/// The producers that say who they are, and which of their batches have been applied: each once.
package final class ProducerTable: Sendable {
    package struct Limits: Sendable {
        /// Producers that are remembered.
        package var producers = 1024
        /// How long a silent one is.
        package var timeToLive = Duration.seconds(86_400)
        /// Starts that are kept of one producer.
        package var starts = 2

        package init() {}
    }

    package enum Decision: Sendable, Equatable {
        /// The batch is new; the producer's number, never given to another one.
        case apply(UInt64)
        case duplicate
        /// A later process of that producer has pushed.
        case staleStart
        /// `Limits.producers` are remembered.
        case full
    }

    /// A producer as `GET /v1/producers` lists it.
    package struct ProducerInfo: Sendable, Equatable {
        package let producer: String
        package let number: UInt64
        /// Unix seconds.
        package let start: Double
        package let sequence: UInt64
        /// Unix seconds.
        package let lastPush: Double
        package let duplicates: UInt64
        package let lost: UInt64
    }

    struct Incarnation {
        let start: UInt64
        var window = SequenceWindow()
    }

    struct Record {
        var number: UInt64
        /// By start, the latest last.
        var lives: [Incarnation] = []
        var lastPush: UInt64 = 0
        /// Unix seconds of the last batch that was accepted; 0 when none was.
        var lastSuccess = 0.0
        var duplicates: UInt64 = 0
        var lost: UInt64 = 0
    }

    struct State {
        var records: [String: Record] = [:]
        var lastNumber: UInt64 = 0
        var nextSweep: UInt64 = 0
    }

    package let limits: Limits
    private let expiresItself: Bool
    let state = LockedValue(State())
    private let duplicateCount = Atomic<UInt64>(0)
    private let lostCount = Atomic<UInt64>(0)

    /// `expiresItself` says whether silent producers are forgotten here and now, or only by `forget`.
    package init(_ limits: Limits = Limits(), expiresItself: Bool = true) {
        self.limits = limits
        self.expiresItself = expiresItself
    }

    /// Batches that came once more.
    package var duplicates: UInt64 { duplicateCount.load(ordering: .relaxed) }
    /// Sequence numbers that never came.
    package var lost: UInt64 { lostCount.load(ordering: .relaxed) }

    /// Decides about a batch and takes note of its number. `now` is monotonic.
    package func decide(_ key: IdempotencyKey, now: UInt64) -> Decision {
        let (limits, expiresItself) = (limits, expiresItself)
        let (decision, lost) = state.withLock { state -> (Decision, UInt64) in
            if expiresItself { ProducerTable.sweep(&state, limits: limits, now: now) }
            if state.records[key.producer] == nil {
                if state.records.count >= limits.producers { return (.full, 0) }
                state.lastNumber += 1
                state.records[key.producer] = Record(number: state.lastNumber)
            }
            return ProducerTable.decide(
                key, record: &state.records[key.producer, default: Record(number: 0)],
                limits: limits,
                now: now)
        }
        if lost > 0 { lostCount.wrappingAdd(lost, ordering: .relaxed) }
        if decision == .duplicate { duplicateCount.wrappingAdd(1, ordering: .relaxed) }
        return decision
    }

    private static func decide(
        _ key: IdempotencyKey, record: inout Record, limits: Limits, now: UInt64
    ) -> (Decision, UInt64) {
        var index = record.lives.firstIndex { $0.start == key.start }
        if index == nil {
            if record.lives.count == limits.starts {
                if key.start < record.lives[0].start { return (.staleStart, 0) }
                record.lives.removeFirst()
            }
            let place = record.lives.firstIndex { $0.start > key.start } ?? record.lives.count
            record.lives.insert(Incarnation(start: key.start), at: place)
            index = place
        }
        guard let index else { return (.staleStart, 0) }
        record.lastPush = now
        switch record.lives[index].window.see(key.sequence) {
        case .fresh(let lost):
            record.lost &+= lost
            return (.apply(record.number), lost)
        case .known:
            record.duplicates &+= 1
            return (.duplicate, 0)
        }
    }

    /// Takes a decision to apply back: the batch may come again.
    package func undo(_ key: IdempotencyKey) {
        state.withLock { state in
            guard
                let index = state.records[key.producer]?.lives
                    .firstIndex(where: { $0.start == key.start })
            else { return }
            state.records[key.producer]?.lives[index].window.forget(key.sequence)
        }
    }

    /// Decides as a record says that it was decided: the producer has that number. One that had
    /// another was forgotten in between. `now` is monotonic.
    package func replay(_ key: IdempotencyKey, as number: UInt64, now: UInt64) {
        let limits = limits
        state.withLock { state in
            state.lastNumber = max(state.lastNumber, number)
            if state.records[key.producer]?.number != number {
                state.records[key.producer] = nil
            }
            _ = ProducerTable.decide(
                key, record: &state.records[key.producer, default: Record(number: number)],
                limits: limits,
                now: now)
        }
    }

    /// Takes note that a batch was accepted, in Unix seconds.
    package func noteSuccess(_ key: IdempotencyKey, at time: Double) {
        state.withLock { $0.records[key.producer]?.lastSuccess = time }
    }

    /// When each producer's last batch was accepted, in Unix seconds.
    package var successes: [(producer: String, time: Double)] {
        state.withLock { state in
            state.records.compactMap {
                $0.value.lastSuccess > 0 ? ($0.key, $0.value.lastSuccess) : nil
            }
        }
    }

    /// Forgets a producer. Returns its number, nil when it is not known.
    package func forget(_ producer: String) -> UInt64? {
        state.withLock { $0.records.removeValue(forKey: producer)?.number }
    }

    /// All producers by name.
    package var list: [ProducerInfo] {
        let now = Clock.monotonicNanoseconds
        let unixSeconds = Double(Clock.realNanoseconds) / 1e9
        let (limits, expiresItself) = (limits, expiresItself)
        let records = state.withLock { state in
            if expiresItself {
                state.nextSweep = 0
                ProducerTable.sweep(&state, limits: limits, now: now)
            }
            return state.records
        }
        return records.sorted { $0.key < $1.key }.map { producer, record in
            let ago = Double(now > record.lastPush ? now - record.lastPush : 0) / 1e9
            return ProducerInfo(
                producer: producer, number: record.number,
                start: Double(record.lives.last?.start ?? 0) / 1e9,
                sequence: record.lives.last?.window.highest ?? 0, lastPush: unixSeconds - ago,
                duplicates: record.duplicates, lost: record.lost)
        }
    }

    /// The producers that have been silent for too long, and when the next will have been at the
    /// earliest, those included that are not known yet.
    package func expired(now: UInt64) -> (producers: [String], next: UInt64) {
        let life = limits.timeToLive.nanoseconds
        return state.withLock { state in
            var expired: [String] = []
            var next = now &+ life
            for (producer, record) in state.records {
                let end = record.lastPush &+ life
                if end <= now { expired.append(producer) } else { next = min(next, end) }
            }
            return (expired.sorted(), next)
        }
    }

    /// Forgets the silent ones, at most once a minute unless there is no room.
    private static func sweep(_ state: inout State, limits: Limits, now: UInt64) {
        if now < state.nextSweep, state.records.count < limits.producers { return }
        state.nextSweep = now &+ 60_000_000_000
        let life = limits.timeToLive.nanoseconds
        if now < life { return }
        let oldest = now - life
        state.records = state.records.filter { $0.value.lastPush >= oldest }
    }
}
