internal import Exposition
internal import Kernel
internal import Observation
internal import Series
internal import Synchronization

/// One version of a model with all its variants.
final class ModelVersion: Sendable {
    let owner: KnownModel
    let version: String
    /// On the monotonic clock, in nanoseconds. Written under the directory's lock, so that none is
    /// taken for idle while a push is on its way to it.
    let lastPush: Atomic<UInt64>
    /// It is listed no more.
    let isRetired = Atomic<Bool>(false)
    private let record: Guarded<Record>
    private let budget: SeriesBudget

    /// What the lock guards.
    private struct Record: ~Copyable {
        var ledger: Ledger
        var variants = NameTable()
        var traffics: [Traffic] = []
        var rows: UInt64 = 0
    }

    init(
        _ owner: KnownModel, version: String, _ budget: SeriesBudget, _ rules: ModelSettings.Rules,
        keepsNatives: Bool, now: UInt64
    ) {
        self.owner = owner
        self.version = version
        self.budget = budget
        lastPush = Atomic(now)
        var ledger = Ledger(Families.all.catalogue, budget, keepsNatives: keepsNatives)
        for (family, bounds) in rules.buckets {
            _ = ledger.setBounds(bounds, of: Families.all.instrument(of: family))
        }
        record = Guarded(Record(ledger: ledger))
    }

    /// Counts the rows of a run. Returns how many rows of input they were.
    func apply(
        _ batch: borrowing Batch, run: Int, _ arrival: Arrival, _ scratch: inout Scratch,
        _ verdict: inout Verdict
    ) -> UInt64 {
        record.withLock { record in
            let variant = batch.scopes[batch.runs[run].scope].variant
            var refusal: DropReason?
            guard let traffic = traffic(variant, batch, &record, &refusal) else {
                for row in batch.rows(of: run) {
                    verdict.refuse(batch.items[row], refusal ?? .seriesLimit, budget)
                }
                return 0
            }
            let rows = traffic.apply(
                batch, run, in: &record.ledger, budget, arrival, &scratch, &verdict)
            record.rows = record.rows.adding(rows, times: 1)
            return rows
        }
    }

    func apply(
        _ state: State, _ batch: borrowing Batch, under lease: Leases.Lease,
        _ verdict: inout Verdict
    ) {
        record.withLock { record in
            let variant = batch.scopes[state.scope].variant
            var refusal: DropReason?
            guard let traffic = traffic(variant, batch, &record, &refusal) else {
                return verdict.refuse(state.item, refusal ?? .seriesLimit, budget)
            }
            if let refusal = traffic.states.take(
                state, under: lease, in: &record.ledger, traffic.labels)
            {
                verdict.refuse(state.item, refusal, budget)
            }
        }
    }

    func apply(
        _ news: ModelNews, _ batch: borrowing Batch, _ arrival: Arrival, _ verdict: inout Verdict
    ) {
        record.withLock { record in
            let variant = batch.scopes[news.scope].variant
            var refusal: DropReason?
            guard let traffic = traffic(variant, batch, &record, &refusal) else {
                return verdict.refuse(news.item, refusal ?? .seriesLimit, budget)
            }
            if traffic.news == nil {
                traffic.news = News(
                    traffic.names, traffic.labels, in: &record.ledger, refusal: &refusal)
            }
            if traffic.news == nil {
                return verdict.refuse(news.item, refusal ?? .seriesLimit, budget)
            }
            traffic.news?.take(news, batch, in: &record.ledger, now: arrival.unixSeconds)
        }
    }

    func apply(
        _ label: Label, _ batch: borrowing Batch, _ arrival: Arrival, _ verdict: inout Verdict
    ) {
        record.withLock { record in
            let variant = batch.scopes[label.scope].variant
            var refusal: DropReason?
            guard let traffic = traffic(variant, batch, &record, &refusal) else {
                return verdict.refuse(label.item, refusal ?? .seriesLimit, budget)
            }
            if let refusal = traffic.truths.take(
                in: &record.ledger, traffic.labels, now: arrival.unixSeconds)
            {
                verdict.refuse(label.item, refusal, budget)
            }
        }
    }

    /// The traffic of a variant, made when it is new; nil without room, with the reason.
    private func traffic(
        _ variant: Name, _ batch: borrowing Batch, _ record: inout Record,
        _ refusal: inout DropReason?
    ) -> Traffic? {
        let none: [UInt8] = []
        let number =
            variant.isNone
            ? record.variants.number(of: none.span)
            : record.variants.number(of: batch.bytes(variant))
        if let number { return record.traffics[number] }
        if record.variants.count >= budget.limits.variantsPerVersion {
            refusal = .variantLimit
            return nil
        }
        var names = [("model", owner.name), ("version", version)]
        if !variant.isNone { names.append(("variant", batch.bytes(variant).string)) }
        guard let traffic = Traffic(names, in: &record.ledger, refusal: &refusal) else {
            return nil
        }
        _ =
            variant.isNone
            ? record.variants.add(none.span) : record.variants.add(batch.bytes(variant))
        record.traffics.append(traffic)
        return traffic
    }

    // MARK: Showing

    /// Puts the numbers as they stand into a page's harvest.
    func give(to harvest: inout Harvest, _ leases: Leases, now: UInt64) {
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
