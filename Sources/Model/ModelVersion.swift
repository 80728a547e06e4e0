internal import Exposition
internal import Kernel
internal import Observation
internal import Series
internal import Synchronization

/// One version of a model with all its variants.
final class ModelVersion: Sendable {
    let owner: ModelState
    let version: String
    /// On the monotonic clock, in nanoseconds. Written under the directory's lock, so that none is
    /// taken for idle while a push is on its way to it.
    let lastPush: Atomic<UInt64>
    /// It is listed no more.
    let isRetired = Atomic<Bool>(false)
    private let record: LockedValue<Record>
    private let budget: SeriesBudget

    /// What the lock guards; nobody has it before.
    private struct Record: ~Copyable, @unchecked Sendable {
        var ledger: SeriesStore
        var variants = NameTable()
        var traffics: [VariantSeries] = []
        var rows: UInt64 = 0
    }

    init(
        _ owner: ModelState, version: String, _ budget: SeriesBudget, _ rules: ModelSettings.Rules,
        keepsNatives: Bool, now: UInt64
    ) {
        self.owner = owner
        self.version = version
        self.budget = budget
        lastPush = Atomic(now)
        var ledger = SeriesStore(Families.all.catalogue, budget, keepsNatives: keepsNatives)
        for (family, bounds) in rules.buckets {
            _ = ledger.setBounds(bounds, of: Families.all.instrument(of: family))
        }
        record = LockedValue(Record(ledger: ledger))
    }

    // MARK: Reserving

    /// Reserves what a run needs; rows for which there is no room are refused.
    func reserve(
        _ batch: borrowing Batch, run: Int, _ decision: inout Reservation,
        _ verdict: inout BatchOutcome
    ) {
        let scope = batch.runs[run].scope
        record.withLock { record in
            guard let traffic = traffic(scope, batch, &record, &decision) else {
                let refusal = decision.targets[scope].refusal ?? .seriesLimit
                for row in batch.rows(of: run) {
                    decision.rows.refuse(row, batch, refusal, budget, &verdict)
                }
                return
            }
            traffic.reserve(batch, run, in: &record.ledger, budget, &decision, &verdict)
        }
    }

    func reserve(
        _ state: StateEvent, _ batch: borrowing Batch, under lease: Leases.Lease,
        _ decision: inout Reservation
    ) -> DropReason? {
        reserve(state.scope, batch, &decision) { traffic, record in
            traffic.states.reserve(lease, in: &record.ledger, traffic.labels)
        }
    }

    func reserve(
        _ news: ModelEvent, _ batch: borrowing Batch, _ decision: inout Reservation
    ) -> DropReason? {
        reserve(news.scope, batch, &decision) { traffic, record in
            if traffic.news != nil { return nil }
            var refusal: DropReason?
            traffic.news = ModelLifecycle(
                traffic.names, traffic.labels, in: &record.ledger, refusal: &refusal)
            return refusal
        }
    }

    func reserve(
        _ label: LabelEvent, _ batch: borrowing Batch, _ decision: inout Reservation
    ) -> DropReason? {
        reserve(label.scope, batch, &decision) { traffic, record in
            traffic.truths.reserve(in: &record.ledger, traffic.labels)
        }
    }

    /// Reserves what `body` says with the traffic of a scope's variant. Returns why there is no room.
    private func reserve(
        _ scope: Int, _ batch: borrowing Batch, _ decision: inout Reservation,
        _ body: (VariantSeries, inout Record) -> DropReason?
    ) -> DropReason? {
        record.withLock { record in
            guard let traffic = traffic(scope, batch, &record, &decision) else {
                return decision.targets[scope].refusal ?? .seriesLimit
            }
            return body(traffic, &record)
        }
    }

    /// The traffic of a scope's variant, made when it is new; nil without room, and the decision
    /// then says why.
    private func traffic(
        _ scope: Int, _ batch: borrowing Batch, _ record: inout Record,
        _ decision: inout Reservation
    ) -> VariantSeries? {
        let known = Int(decision.targets[scope].variant)
        if known >= 0 { return record.traffics[known] }
        if decision.targets[scope].refusal != nil { return nil }
        let name = batch.scopes[scope].variant
        let none: [UInt8] = []
        let number =
            name.isNone
            ? record.variants.number(of: none.span)
            : record.variants.number(of: batch.bytes(name))
        if let number {
            decision.targets[scope].variant = Int32(number)
            return record.traffics[number]
        }
        if budget.isBinding, record.variants.count >= budget.limits.variantsPerVersion {
            decision.targets[scope].refusal = .variantLimit
            return nil
        }
        var names = [("model", owner.name), ("version", version)]
        if !name.isNone { names.append(("variant", batch.bytes(name).string)) }
        guard
            let traffic = VariantSeries(
                names, in: &record.ledger, refusal: &decision.targets[scope].refusal)
        else { return nil }
        let made =
            name.isNone
            ? record.variants.add(none.span) : record.variants.add(batch.bytes(name))
        decision.targets[scope].variant = Int32(made)
        record.traffics.append(traffic)
        return traffic
    }

    // MARK: Applying what was reserved

    /// Counts the rows of a run that are not refused. Returns how many rows of input they were.
    func apply(_ batch: borrowing Batch, run: Int, _ decision: inout Reservation) -> UInt64 {
        let variant = Int(decision.targets[batch.runs[run].scope].variant)
        if variant < 0 { return 0 }
        return record.withLock { record in
            let rows = record.traffics[variant].apply(
                batch, run, in: &record.ledger, budget, &decision)
            record.rows = record.rows.adding(rows, times: 1)
            return rows
        }
    }

    func apply(_ state: StateEvent, variant: Int32, from producer: UInt64) {
        change(variant) { traffic, _ in traffic.states.take(state, from: producer) }
    }

    func apply(_ news: ModelEvent, _ batch: borrowing Batch, variant: Int32, now: Double) {
        change(variant) { traffic, ledger in
            traffic.news?.take(news, batch, in: &ledger, now: now)
        }
    }

    func applyLabel(variant: Int32, now: Double) {
        change(variant) { traffic, ledger in traffic.truths.take(in: &ledger, now: now) }
    }

    private func change(_ variant: Int32, _ body: (VariantSeries, inout SeriesStore) -> Void) {
        if variant < 0 { return }
        record.withLock { record in
            let traffic = record.traffics[Int(variant)]
            traffic.show(in: &record.ledger)
            body(traffic, &record.ledger)
        }
    }

    /// Whether anything of it stands on the page.
    var isShown: Bool { record.withLock { $0.traffics.contains { $0.isShown } } }

    // MARK: Records

    func write(to record: inout ByteWriter, _ leases: Leases, now: UInt64) {
        let push = lastPush.load(ordering: .relaxed)
        record.write(now > push ? now - push : 0)
        self.record.withLock { state in
            // What a producer said before its lease ended does not come back with a new one.
            for traffic in state.traffics {
                traffic.states.settle(in: &state.ledger, leases, now: now)
            }
            record.write(state.rows)
            state.ledger.write(to: &record)
            state.variants.write(to: &record)
            for traffic in state.traffics { traffic.write(to: &record) }
        }
    }

    /// Becomes what was written.
    func read(
        _ record: inout ByteReader, keepsNatives: Bool, _ leases: Leases, now: UInt64
    ) {
        let silence = record.number()
        lastPush.store(now > silence ? now - silence : 0, ordering: .relaxed)
        let rows = record.number()
        var state = Record(
            ledger: SeriesStore(Families.all.catalogue, budget, keepsNatives: keepsNatives))
        state.rows = rows
        state.ledger.read(&record)
        state.variants = NameTable(&record)
        for number in 0..<state.variants.count {
            var names = [("model", owner.name), ("version", version)]
            let variant = state.variants[number].string
            if !variant.isEmpty { names.append(("variant", variant)) }
            state.traffics.append(
                VariantSeries(&record, names, in: &state.ledger, leases, now: now))
        }
        self.record.withLock { swap(&$0, &state) }
    }

    // MARK: Showing

    /// Puts the numbers as they stand into a page's harvest.
    func give(to harvest: inout StoreSnapshot, _ leases: Leases, now: UInt64) {
        record.withLock { record in
            for traffic in record.traffics {
                traffic.states.settle(in: &record.ledger, leases, now: now)
            }
            harvest.take(record.ledger)
        }
    }

    /// Rows of input since the version came.
    var rows: UInt64 { record.withLock { $0.rows } }

    /// Gives histograms other bounds; those that change start anew. Returns the families that did.
    func apply(_ rules: ModelSettings.Rules) -> [BucketFamily] {
        record.withLock { record in
            var changed: [BucketFamily] = []
            for family in BucketFamily.allCases {
                let instrument = Families.all.instrument(of: family)
                let bounds = rules.buckets[family] ?? family.standard
                switch record.ledger.setBounds(bounds, of: instrument) {
                case .unchanged: continue
                case .refused(let reason): budget.drop(reason)
                case .moved(let moves):
                    for traffic in record.traffics { traffic.move(moves) }
                    changed.append(family)
                }
            }
            return changed
        }
    }
}
