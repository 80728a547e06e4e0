internal import Exposition
package import Kernel
package import Observation
package import Series
package import Watch

/// All models that producers push for: applies batches and writes the page's families.
///
/// A push is reserved, then applied. Both take the directory's lock for each look-up, then the lock
/// of one version at a time. A page copies the numbers of each version under the version's lock and
/// is written without a lock.
package final class Models: Sendable {
    package let budget: SeriesBudget
    /// Compares what models get and give with their profiles.
    package let watch: WatchStore
    let directory: LockedValue<ModelDirectory>
    let leases: Leases
    /// Whether a page removes what has expired, or only `forget` does.
    let expiresItself: Bool
    /// The business metrics that belong to no model.
    let general: ModelState?
    let snapshot: LockedValue<StoreSnapshot>
    let producers: ProducerProcesses
    let registryMetrics = RegistryMetrics()
    /// Reservations that have been applied, for their memory: as many as pushes of one commit group
    /// usually have.
    private let unused = LockedValue<[Reservation]>([])
    private static let keptReservations = 16

    /// `processes` is the `/proc` of the producers' pids. `nativeHistograms` is
    /// `--exposition.native-histograms`. `expiresItself`: whether a page removes what has expired;
    /// with a journal only `forget` does, after the removal is on disk.
    package init(
        _ limits: SeriesLimits = SeriesLimits(), settings: ModelSettings = ModelSettings(),
        watch: WatchSettings = WatchSettings(), watchLimits: WatchLimits = WatchLimits(),
        nativeHistograms: Bool = false, expiresItself: Bool = true,
        processes: Root = Root("/proc")
    ) {
        let budget = SeriesBudget(limits)
        var refusal: DropReason?
        self.budget = budget
        self.watch = WatchStore(watchLimits, settings: watch, budget: budget)
        self.expiresItself = expiresItself
        directory = LockedValue(ModelDirectory(settings, keepsNatives: nativeHistograms))
        leases = Leases(limit: limits.leases)
        producers = ProducerProcesses(processes, budget: budget)
        general = ModelState("", budget: budget, rules: settings.rules, now: 0, refusal: &refusal)
        snapshot = LockedValue(StoreSnapshot(Families.all.descriptors))
    }

    /// Frees the memory that is kept to be used again.
    package func trim() {
        unused.withLock { $0 = [] }
        snapshot.withLock { $0 = StoreSnapshot(Families.all.descriptors) }
    }

    /// Reserves and applies a batch.
    package func apply(
        _ batch: borrowing Batch, from sender: Sender, at time: Timestamp = .now,
        outcome: inout BatchOutcome
    ) {
        let reservation = reserve(batch, from: sender, at: time, outcome: &outcome)
        apply(batch, as: reservation)
    }

    /// What is done with each kind of event, in the order of `EventKind`. Looked up once: a cast to
    /// a protocol costs a microsecond.
    private static let kinds: [any AppliedEvents.Type] = EventKind.allCases.map { kind in
        guard let events = kind.type as? any AppliedEvents.Type else {
            preconditionFailure("events of kind \(kind.name) are not applied")
        }
        return events
    }

    /// Reserves the series that a batch needs and refuses the events that exceed a limit.
    /// Nothing is on a page until the batch is applied. A reservation that is never applied
    /// counts against the limits until the version is removed.
    ///
    /// `deltas` are those that the receiving thread has made of the batch. They are made again if the
    /// profile has changed since, or if rows are refused.
    package func reserve(
        _ batch: borrowing Batch, from sender: Sender, at time: Timestamp = .now,
        deltas: WatchDeltas? = nil, outcome: inout BatchOutcome
    ) -> Reservation {
        var reservation = unused.withLock { $0.popLast() } ?? Reservation()
        reservation.begin(batch, context: PushContext(from: sender, at: time))
        reserve(batch, reservation: &reservation, outcome: &outcome)
        if watch.isUsed {
            reservation.deltas = self.deltas(deltas, of: batch, reservation: reservation)
        }
        return reservation
    }

    private func deltas(
        _ given: WatchDeltas?, of batch: borrowing Batch, reservation: borrowing Reservation
    ) -> WatchDeltas {
        var deltas: WatchDeltas
        if let given, watch.isCurrent(given), !reservation.rows.haveAny(RowFlags.refused) {
            deltas = given
        } else {
            let rows = reservation.rows
            deltas = watch.reduce(batch) { rows.has(RowFlags.refused, row: $0) }
        }
        watch.decide(&deltas, batch: batch, at: reservation.context.persistentSeconds)
        return deltas
    }

    /// Reserves what the batch needs, except for the events that the reservation refuses already.
    func reserve(
        _ batch: borrowing Batch, reservation: inout Reservation, outcome: inout BatchOutcome
    ) {
        for kind in Models.kinds {
            kind.reserve(batch, in: self, reservation: &reservation, outcome: &outcome)
        }
    }

    /// Applies a batch as it was reserved, and renews the sender's lease. Returns the histograms that
    /// restart at 0 because the settings have given them other bounds.
    @discardableResult
    package func apply(
        _ batch: borrowing Batch, as reservation: consuming Reservation
    ) -> [Reset] {
        var reservation = reservation
        let context = reservation.context
        let resets = reservation.bounds.isEmpty ? [] : setBounds(reservation)
        leases.renew(context.sender.number, now: context.time)
        for kind in Models.kinds {
            kind.apply(batch, to: self, reservation: &reservation)
        }
        watch.apply(reservation.deltas, batch: batch, at: context.persistentSeconds)
        reservation.end()
        let kept = reservation
        unused.withLock { if $0.count < Models.keptReservations { $0.append(kept) } }
        return resets
    }

    /// Changes the bounds of histograms as it was reserved, whatever the limits are: their series
    /// were counted when they were made.
    private func setBounds(_ reservation: borrowing Reservation) -> [Reset] {
        var resets: [Reset] = []
        for change in reservation.bounds {
            guard let version = reservation.targets[change.scope].version else { continue }
            let families = budget.lifted { version.setBounds(change) }
            for family in families {
                resets.append(
                    Reset(model: version.owner.name, version: version.version, family: family))
            }
        }
        return resets
    }

    // MARK: Look-up

    /// Calls `body` with the series of the scope's variant. Returns the limit that the
    /// version, the variant or the series of `body` exceed, or nil.
    func reserve(
        _ scope: Int, batch: borrowing Batch, reservation: inout Reservation,
        body: (VariantSeries, inout SeriesStore) -> DropReason?
    ) -> Refusal? {
        guard let version = version(scope, batch: batch, reservation: &reservation) else {
            return .limit(reservation.targets[scope].refusal ?? .seriesLimit)
        }
        return version.reserve(scope, batch: batch, reservation: &reservation, body: body)
            .map(Refusal.limit)
    }

    /// The version of a scope, made if it is new; nil if a limit is reached, which the
    /// reservation then names.
    func version(
        _ scope: Int, batch: borrowing Batch, reservation: inout Reservation
    ) -> ModelVersion? {
        if let known = reservation.targets[scope].version { return known }
        if reservation.targets[scope].refusal != nil { return nil }
        let names = batch.scopes[scope]
        let context = reservation.context
        var refusal: DropReason?
        let isReplayed = reservation.isReplayed
        var bounds: Reservation.Bounds?
        let version = directory.withLock { directory in
            let version = directory.version(
                batch.bytes(names.version), of: batch.bytes(names.model), budget: budget,
                now: context.time, refusal: &refusal)
            if !isReplayed, let version {
                bounds = directory.newBounds(of: version, scope: scope)
            }
            return version
        }
        if let bounds { reservation.bounds.append(bounds) }
        reservation.targets[scope].version = version
        reservation.targets[scope].refusal = version == nil ? refusal ?? .seriesLimit : nil
        if let version { producers.add(context.sender, version: version) }
        reservation.targets[scope].layout = watch.layout(of: scope, batch: batch)
        return version
    }

    /// The model of a scope, likewise.
    func model(
        _ scope: Int, batch: borrowing Batch, reservation: inout Reservation
    ) -> ModelState? {
        if let known = reservation.targets[scope].model { return known }
        var refusal: DropReason?
        let name = batch.scopes[scope].model
        let now = reservation.context.time
        let model = directory.withLock { directory in
            directory.model(batch.bytes(name), budget: budget, now: now, refusal: &refusal)
        }
        reservation.targets[scope].model = model
        if model == nil { reservation.targets[scope].refusal = refusal ?? .seriesLimit }
        return model
    }
}
