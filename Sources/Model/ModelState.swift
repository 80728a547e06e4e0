internal import Exposition
internal import Kernel
internal import Observation
internal import Series
internal import Synchronization
internal import Wire

/// What belongs to a model and to none of its versions: training, business metrics, labels without
/// a version.
final class ModelState: Sendable {
    /// Empty for the business metrics that belong to no model.
    let name: String
    /// As `ModelVersion.lastPush`.
    let lastPush: Atomic<UInt64>
    /// Rows predicted since training last succeeded.
    private let rowsSinceTraining = Atomic<UInt64>(0)
    private let facts: LockedValue<Facts>
    private let budget: SeriesBudget

    /// Guarded by the lock.
    struct Facts: ~Copyable {
        var store: SeriesStore
        var rules: ModelSettings.Rules
        var trainings = Trainings()
        var business = BusinessMetrics()
        var labelCounters = LabelCounters()
        var labels: Labels?
        var observations: Gauge?
        var threshold: Gauge?
        /// Whether there was a training event, a business metric or a label without a version.
        var isUsed = false
        /// What a snapshot that is being written has yet to read.
        var piece: SnapshotPiece?
    }

    /// Nil if a limit is reached; `refusal` is the limit.
    init?(
        _ name: String, budget: SeriesBudget, rules: ModelSettings.Rules, now: UInt64,
        refusal: inout DropReason?
    ) {
        var facts = Facts(
            store: SeriesStore(Families.all.descriptors, budget: budget), rules: rules)
        if !name.isEmpty {
            refusal = facts.store.reserve(2)
            if refusal != nil { return nil }
            let labels = facts.store.store(LabelSet([("model", name)]))
            facts.labels = labels
            facts.observations = facts.store.gauge(Families.all.observations, labels: labels)
            facts.threshold = facts.store.gauge(Families.all.retrainThreshold, labels: labels)
        }
        self.name = name
        self.budget = budget
        lastPush = Atomic(now)
        self.facts = LockedValue(facts)
    }

    /// Counts rows that a version has predicted. 2,048 variants at the limit of their counters (2^53)
    /// would wrap the sum; it stays at the maximum then.
    func observe(rows: UInt64) {
        if rows == 0 { return }
        let (old, new) = rowsSinceTraining.wrappingAdd(rows, ordering: .relaxed)
        if new < old { rowsSinceTraining.store(.max, ordering: .relaxed) }
    }

    /// Runs `body` with the facts under the lock. `body` takes no other lock but the budget's.
    func withFacts<Result>(_ body: (inout Facts) -> sending Result) -> sending Result {
        facts.withLock { facts in
            ModelState.fillPiece(&facts)
            return body(&facts)
        }
    }

    /// Training has succeeded: the rows are counted from 0 again.
    func restartObservations() {
        rowsSinceTraining.store(0, ordering: .relaxed)
    }

    /// Whether any of its series is on the page.
    var isShown: Bool {
        rowsSinceTraining.load(ordering: .relaxed) > 0 || hasFacts
    }

    /// Whether it has facts of its own, which outlive its versions.
    var hasFacts: Bool { facts.withLock { $0.isUsed } }

    func apply(_ rules: ModelSettings.Rules) {
        facts.withLock { $0.rules = rules }
    }

    // MARK: Records

    /// Takes a snapshot of the model, which is written later.
    func snapshot(_ leases: Leases, at time: UInt64) -> SnapshotPiece {
        let piece = SnapshotPiece(
            leases, time: time, lastPush: lastPush.load(ordering: .relaxed),
            rows: rowsSinceTraining.load(ordering: .relaxed))
        facts.withLock { $0.piece = piece }
        return piece
    }

    /// The bytes of the model as it was when the snapshot was taken.
    func bytes(of piece: SnapshotPiece) -> [UInt8] {
        facts.withLock { facts in
            if facts.piece === piece { ModelState.fillPiece(&facts) }
        }
        return piece.take()
    }

    /// Writes what a snapshot has yet to read, before it changes.
    private static func fillPiece(_ facts: inout Facts) {
        guard let piece = facts.piece.take() else { return }
        var record = ByteWriter()
        record.write(piece.silence)
        record.write(piece.rows)
        record.write(facts.isUsed)
        facts.store.write(to: &record)
        facts.trainings.write(to: &record)
        facts.business.write(to: &record)
        facts.labelCounters.write(to: &record)
        record.write(optional: facts.labels) { $1.write($0) }
        record.write(optional: facts.observations) { $1.write($0) }
        record.write(optional: facts.threshold) { $1.write($0) }
        piece.fill(record.bytes)
    }

    /// Becomes what was written.
    func read(_ record: inout ByteReader, rules: ModelSettings.Rules, now: UInt64) {
        let silence = record.number()
        lastPush.store(now > silence ? now - silence : 0, ordering: .relaxed)
        rowsSinceTraining.store(record.number(), ordering: .relaxed)
        var state = Facts(
            store: SeriesStore(Families.all.descriptors, budget: budget), rules: rules)
        state.isUsed = record.flag()
        state.store.read(&record)
        state.trainings = Trainings(&record, in: state.store)
        state.business = BusinessMetrics(&record, in: state.store)
        state.labelCounters = LabelCounters(&record, in: state.store)
        if record.flag() { state.labels = state.store.labels(&record) }
        if record.flag() { state.observations = state.store.gauge(&record) }
        if record.flag() { state.threshold = state.store.gauge(&record) }
        // Earlier releases set the flag for models that have rows and no facts, too.
        if state.store.count <= 2 { state.isUsed = false }
        facts.withLock { swap(&$0, &state) }
    }

    // MARK: Page

    /// Adds the current numbers to a page.
    func add(to snapshot: inout StoreSnapshot) {
        facts.withLock { facts in
            let rows = rowsSinceTraining.load(ordering: .relaxed)
            if rows > 0 || facts.isUsed, let observations = facts.observations,
                let threshold = facts.threshold
            {
                facts.store.set(observations, value: Double(rows))
                if let limit = facts.rules.retrainObservationThreshold {
                    facts.store.set(threshold, value: limit)
                } else {
                    facts.store.hide(threshold)
                }
            }
            snapshot.add(facts.store)
        }
    }
}
