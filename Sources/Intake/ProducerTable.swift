internal import Kernel
internal import Synchronization

/// The producers with a `Producer-Id`, and which of their batches have been applied: each once. The
/// lock guards the table; no other lock is taken under it.
package final class ProducerTable: Sendable {
    package struct Limits: Sendable {
        /// Producers that are remembered; beyond it the longest silent one is replaced. 10,000 take
        /// about 5 MB.
        package var producers = 10_000
        /// How long a producer is remembered after its last push.
        package var timeToLive = Duration.seconds(86_400)
        /// Starts that are remembered of one producer: the current process and the one before, whose
        /// retries can still arrive.
        package var starts = 2
        /// Names of producers that have a series of their own.
        package var names = 1_000
        /// How far a start can be ahead of the daemon's clock. A start far ahead would make every
        /// later process of the producer stale.
        package var aheadNanoseconds: UInt64 = 86_400_000_000_000

        package init() {}
    }

    package enum Decision: Sendable, Equatable {
        /// The batch is new. The producer's number is unique over the life of the storage.
        case apply(UInt64)
        case duplicate
        /// A later process of the producer has pushed.
        case staleStart
        /// The start is more than `Limits.aheadNanoseconds` ahead of the clock.
        case futureStart
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
        /// See `ProducerTable.successes`.
        let name: String
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
        /// Producers by their pushes, the oldest first. An entry counts if it is the producer's last
        /// push; others are skipped and removed when they outnumber the producers.
        var order: [(producer: String, push: UInt64)] = []
        var firstOrder = 0

        /// Remembers that a producer pushed. Amortised O(1).
        mutating func touch(_ producer: String, now: UInt64) {
            records[producer]?.lastPush = now
            order.append((producer, now))
            if order.count - firstOrder > 2 * records.count + 64 { compactOrder() }
        }

        /// Removes the producer that is silent for the longest time. Amortised O(1).
        mutating func removeOldest() {
            while firstOrder < order.count {
                let entry = order[firstOrder]
                firstOrder += 1
                if records[entry.producer]?.lastPush == entry.push {
                    records[entry.producer] = nil
                    return
                }
            }
            // Without an entry, as after `restore`: the order is made once.
            order = records.map { ($0.key, $0.value.lastPush) }.sorted { $0.push < $1.push }
            firstOrder = 0
            if let first = order.first {
                records[first.producer] = nil
                firstOrder = 1
            }
        }

        private mutating func compactOrder() {
            var seen: Set<String> = []
            var kept: [(producer: String, push: UInt64)] = []
            for entry in order[firstOrder...].reversed()
            where records[entry.producer]?.lastPush == entry.push
                && seen.insert(entry.producer).inserted
            {
                kept.append(entry)
            }
            order = kept.reversed()
            firstOrder = 0
        }
    }

    package let limits: Limits
    private let expiresItself: Bool
    let state = LockedValue(State())
    private let duplicateCount = Atomic<UInt64>(0)
    private let lostCount = Atomic<UInt64>(0)

    /// `expiresItself`: whether silent producers are removed here, or only by `forget`.
    package init(_ limits: Limits = Limits(), expiresItself: Bool = true) {
        self.limits = limits
        self.expiresItself = expiresItself
    }

    /// Batches that were pushed again.
    package var duplicates: UInt64 { duplicateCount.load(ordering: .relaxed) }
    /// Sequence numbers that left the window without a batch.
    package var lost: UInt64 { lostCount.load(ordering: .relaxed) }

    /// Decides about a batch and marks its number as seen. `now` is on the monotonic clock, `real` is
    /// the Unix time, both in nanoseconds.
    package func decide(
        _ key: IdempotencyKey, now: UInt64, real: UInt64 = Clock.realNanoseconds
    ) -> Decision {
        let (limits, expiresItself) = (limits, expiresItself)
        if key.start > real, key.start - real > limits.aheadNanoseconds { return .futureStart }
        let (decision, lost) = state.withLock { state -> (Decision, UInt64) in
            if expiresItself { ProducerTable.sweep(&state, limits: limits, now: now) }
            if state.records[key.producer] == nil {
                if state.records.count >= limits.producers { state.removeOldest() }
                state.lastNumber += 1
                state.records[key.producer] = Record(
                    number: state.lastNumber, name: ProducerTable.name(of: key.producer))
            }
            let decision = ProducerTable.decide(
                key, record: &state.records[key.producer, default: Record(number: 0, name: "")],
                limits: limits)
            if decision.0 != .staleStart { state.touch(key.producer, now: now) }
            return decision
        }
        if lost > 0 { lostCount.wrappingAdd(lost, ordering: .relaxed) }
        if decision == .duplicate { duplicateCount.wrappingAdd(1, ordering: .relaxed) }
        return decision
    }

    private static func decide(
        _ key: IdempotencyKey, record: inout Record, limits: Limits
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
        switch record.lives[index].window.see(key.sequence) {
        case .fresh(let lost):
            record.lost &+= lost
            return (.apply(record.number), lost)
        case .known:
            record.duplicates &+= 1
            return (.duplicate, 0)
        }
    }

    /// Undoes a decision to apply: the batch can be pushed again.
    package func undo(_ key: IdempotencyKey) {
        state.withLock { state in
            guard
                let index = state.records[key.producer]?.lives
                    .firstIndex(where: { $0.start == key.start })
            else { return }
            state.records[key.producer]?.lives[index].window.forget(key.sequence)
        }
    }

    /// Repeats the decision of a record. A producer with another number was removed in between. `now`
    /// is on the monotonic clock.
    package func replay(_ key: IdempotencyKey, as number: UInt64, now: UInt64) {
        let limits = limits
        state.withLock { state in
            state.lastNumber = max(state.lastNumber, number)
            if state.records[key.producer]?.number != number {
                state.records[key.producer] = nil
            }
            let isNew = state.records[key.producer] == nil
            if isNew, state.records.count >= limits.producers { state.removeOldest() }
            let decision = ProducerTable.decide(
                key,
                record: &state.records[
                    key.producer,
                    default: Record(
                        number: number, name: ProducerTable.name(of: key.producer))],
                limits: limits)
            if decision.0 != .staleStart { state.touch(key.producer, now: now) }
        }
    }

    /// Records that a batch was accepted at `time`, in Unix seconds.
    package func recordSuccess(_ key: IdempotencyKey, at time: Double) {
        state.withLock { $0.records[key.producer]?.lastSuccess = time }
    }

    /// When the last batch of the producers of each name was accepted, in Unix seconds, by name.
    ///
    /// A producer's name is the part of its id before the first `/`, so that a process that is started
    /// again makes no new series; ids without `/` share `other`. The names of the oldest producers come
    /// first, up to `Limits.names`; further ones share `other`, too.
    package var successes: [(name: String, time: Double)] {
        struct Name {
            var number: UInt64
            var time: Double
        }
        var names: [String: Name] = [:]
        state.withLock { state in
            for record in state.records.values where record.lastSuccess > 0 {
                let known = names[record.name] ?? Name(number: record.number, time: 0)
                names[record.name] = Name(
                    number: min(known.number, record.number),
                    time: max(known.time, record.lastSuccess))
            }
        }
        if names.count > limits.names {
            let beyond = names.sorted { $0.value.number < $1.value.number }.dropFirst(limits.names)
            var other = names[ProducerTable.otherName]?.time ?? 0
            for (name, entry) in beyond {
                other = max(other, entry.time)
                names[name] = nil
            }
            names[ProducerTable.otherName] = Name(number: 0, time: other)
        }
        return names.map { ($0.key, $0.value.time) }.sorted { $0.name < $1.name }
    }

    static let otherName = "other"

    /// The name under which a producer's series are shown.
    static func name(of producer: String) -> String {
        guard let slash = producer.utf8.firstIndex(of: 0x2F), slash > producer.startIndex else {
            return otherName
        }
        return String(producer[..<slash])
    }

    /// Removes a producer. Returns its number, or nil if it is not known.
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

    /// The producers that have expired, and the earliest time at which another one can expire,
    /// including producers that are not known yet.
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

    /// Removes the producers that have expired, at most once a minute.
    private static func sweep(_ state: inout State, limits: Limits, now: UInt64) {
        if now < state.nextSweep { return }
        state.nextSweep = now &+ 60_000_000_000
        let life = limits.timeToLive.nanoseconds
        if now < life { return }
        let oldest = now - life
        state.records = state.records.filter { $0.value.lastPush >= oldest }
    }
}
