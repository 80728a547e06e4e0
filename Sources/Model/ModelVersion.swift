internal import Exposition
internal import Kernel
internal import Observation
internal import Series
internal import Synchronization
internal import Wire

/// One version of a model with all its variants.
final class ModelVersion: Sendable {
    let owner: ModelState
    let version: String
    /// On the monotonic clock, in nanoseconds. Written under the directory's lock, so that none is
    /// taken for idle while a push is on its way to it.
    let lastPush: Atomic<UInt64>
    /// It is listed no more.
    let isRetired = Atomic<Bool>(false)
    /// `ModelDirectory.generation` when a push last recorded the bounds; 0 for never.
    let boundsGeneration = Atomic<UInt64>(0)
    private let record: LockedValue<Record>
    private let budget: SeriesBudget

    /// What the lock guards; nobody has it before.
    private struct Record: ~Copyable, @unchecked Sendable {
        var store: SeriesStore
        var variants = NameTable()
        var traffics: [VariantSeries] = []
        var rows: UInt64 = 0
    }

    init(
        _ owner: ModelState, version: String, budget: SeriesBudget, rules: ModelSettings.Rules,
        keepsNatives: Bool, now: UInt64
    ) {
        self.owner = owner
        self.version = version
        self.budget = budget
        lastPush = Atomic(now)
        var store = SeriesStore(
            Families.all.descriptors, budget: budget, keepsNatives: keepsNatives)
        for (family, bounds) in rules.buckets {
            _ = store.setBounds(bounds, of: Families.all.descriptor(of: family))
        }
        record = LockedValue(Record(store: store))
    }

    // MARK: Reserving

    /// Reserves what a run needs; rows for which there is no room are refused.
    func reserve(
        _ batch: borrowing Batch, run: Int, decision: inout Reservation,
        outcome: inout BatchOutcome
    ) {
        let scope = batch.runs[run].scope
        record.withLock { record in
            guard let traffic = traffic(scope, batch: batch, record: &record, decision: &decision)
            else {
                let refusal = decision.targets[scope].refusal ?? .seriesLimit
                for row in batch.rows(of: run) {
                    decision.rows.refuse(
                        row, batch: batch, reason: refusal, budget: budget, outcome: &outcome)
                }
                return
            }
            traffic.reserve(
                batch, run: run, in: &record.store, budget: budget, decision: &decision,
                outcome: &outcome)
        }
    }

    func reserve(
        _ state: StateEvent, batch: borrowing Batch, under lease: Leases.Lease,
        decision: inout Reservation
    ) -> DropReason? {
        reserve(state.scope, batch: batch, decision: &decision) { traffic, record in
            traffic.states.reserve(lease, in: &record.store, labels: traffic.labels)
        }
    }

    func reserve(
        _ lifecycle: ModelEvent, batch: borrowing Batch, decision: inout Reservation
    ) -> DropReason? {
        reserve(lifecycle.scope, batch: batch, decision: &decision) { traffic, record in
            if traffic.lifecycle != nil { return nil }
            var refusal: DropReason?
            traffic.lifecycle = ModelLifecycle(
                traffic.names, labels: traffic.labels, in: &record.store, refusal: &refusal)
            return refusal
        }
    }

    func reserve(
        _ label: LabelEvent, batch: borrowing Batch, decision: inout Reservation
    ) -> DropReason? {
        reserve(label.scope, batch: batch, decision: &decision) { traffic, record in
            traffic.labelCounters.reserve(in: &record.store, labels: traffic.labels)
        }
    }

    /// Reserves what `body` says with the traffic of a scope's variant. Returns why there is no room.
    private func reserve(
        _ scope: Int, batch: borrowing Batch, decision: inout Reservation,
        body: (VariantSeries, inout Record) -> DropReason?
    ) -> DropReason? {
        record.withLock { record in
            guard let traffic = traffic(scope, batch: batch, record: &record, decision: &decision)
            else {
                return decision.targets[scope].refusal ?? .seriesLimit
            }
            return body(traffic, &record)
        }
    }

    /// The traffic of a scope's variant, made when it is new; nil without room, and the decision
    /// then says why.
    private func traffic(
        _ scope: Int, batch: borrowing Batch, record: inout Record,
        decision: inout Reservation
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
                names, in: &record.store, refusal: &decision.targets[scope].refusal)
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
    func apply(_ batch: borrowing Batch, run: Int, decision: inout Reservation) -> UInt64 {
        let variant = Int(decision.targets[batch.runs[run].scope].variant)
        if variant < 0 { return 0 }
        return record.withLock { record in
            let rows = record.traffics[variant].apply(
                batch, run: run, in: &record.store, budget: budget, decision: &decision)
            record.rows = record.rows.adding(rows, times: 1)
            return rows
        }
    }

    func apply(_ state: StateEvent, variant: Int32, from producer: UInt64) {
        change(variant) { traffic, _ in traffic.states.take(state, from: producer) }
    }

    func apply(_ lifecycle: ModelEvent, batch: borrowing Batch, variant: Int32, now: Double) {
        change(variant) { traffic, store in
            traffic.lifecycle?.take(lifecycle, batch: batch, in: &store, now: now)
        }
    }

    func applyLabel(variant: Int32, now: Double) {
        change(variant) { traffic, store in traffic.labelCounters.take(in: &store, now: now) }
    }

    private func change(_ variant: Int32, body: (VariantSeries, inout SeriesStore) -> Void) {
        if variant < 0 { return }
        record.withLock { record in
            let traffic = record.traffics[Int(variant)]
            traffic.show(in: &record.store)
            body(traffic, &record.store)
        }
    }

    /// Whether anything of it stands on the page.
    var isShown: Bool { record.withLock { $0.traffics.contains { $0.isShown } } }

    // MARK: Records

    func write(to record: inout ByteWriter, leases: Leases, now: UInt64) {
        let push = lastPush.load(ordering: .relaxed)
        record.write(now > push ? now - push : 0)
        self.record.withLock { state in
            // What a producer said before its lease ended does not come back with a new one.
            for traffic in state.traffics {
                traffic.states.settle(in: &state.store, leases: leases, now: now)
            }
            record.write(state.rows)
            state.store.write(to: &record)
            state.variants.write(to: &record)
            for traffic in state.traffics { traffic.write(to: &record) }
        }
    }

    /// Becomes what was written.
    func read(
        _ record: inout ByteReader, keepsNatives: Bool, leases: Leases, now: UInt64
    ) {
        let silence = record.number()
        lastPush.store(now > silence ? now - silence : 0, ordering: .relaxed)
        let rows = record.number()
        var state = Record(
            store: SeriesStore(Families.all.descriptors, budget: budget, keepsNatives: keepsNatives)
        )
        state.rows = rows
        state.store.read(&record)
        state.variants = NameTable(&record)
        for number in 0..<state.variants.count {
            var names = [("model", owner.name), ("version", version)]
            let variant = state.variants[number].string
            if !variant.isEmpty { names.append(("variant", variant)) }
            state.traffics.append(
                VariantSeries(&record, names: names, in: &state.store, leases: leases, now: now))
        }
        self.record.withLock { swap(&$0, &state) }
    }

    // MARK: Showing

    /// Puts the numbers as they stand into a page's harvest.
    func give(to snapshot: inout StoreSnapshot, leases: Leases, now: UInt64) {
        record.withLock { record in
            for traffic in record.traffics {
                traffic.states.settle(in: &record.store, leases: leases, now: now)
            }
            snapshot.take(record.store)
        }
    }

    /// Rows of input since the version came.
    var rows: UInt64 { record.withLock { $0.rows } }

    /// The bounds by the rules, as far as they are not the default or not those of the histograms.
    func outdatedBounds(
        _ rules: ModelSettings.Rules
    ) -> [(family: BucketFamily, bounds: BucketBounds)] {
        record.withLock { record in
            BucketFamily.allCases.compactMap { family in
                let bounds = rules.buckets[family] ?? family.standard
                let current = record.store.bounds(of: Families.all.descriptor(of: family))
                return bounds == family.standard && bounds == current ? nil : (family, bounds)
            }
        }
    }

    /// Gives histograms other bounds; those that change start at 0. Returns the families that did
    /// and were on the page.
    func setBounds(_ change: Reservation.Bounds) -> [BucketFamily] {
        boundsGeneration.store(change.generation, ordering: .relaxed)
        return record.withLock { record in
            var changed: [BucketFamily] = []
            for (family, bounds) in change.families {
                switch record.store.setBounds(
                    bounds, of: Families.all.descriptor(of: family))
                {
                case .unchanged: continue
                case .refused(let reason): budget.drop(reason)
                case .moved(let moves):
                    for traffic in record.traffics { traffic.move(moves) }
                    if record.traffics.contains(where: \.isShown) { changed.append(family) }
                }
            }
            return changed
        }
    }
}
