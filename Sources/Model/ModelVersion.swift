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
    /// The time of the last push, in nanoseconds of the monotonic clock. Written under the
    /// directory's lock, so that expiry does not remove a version that a push is about to use.
    let lastPush: Atomic<UInt64>
    /// Whether the version is removed from the directory.
    let isRetired = Atomic<Bool>(false)
    /// `ModelDirectory.generation` when a push last recorded the bounds; 0 for never.
    let boundsGeneration = Atomic<UInt64>(0)
    private let contents: LockedValue<Contents>
    private let budget: SeriesBudget

    /// Guarded by the lock. Unchecked, because `VariantSeries` is a class: it never leaves the lock.
    private struct Contents: ~Copyable, @unchecked Sendable {
        var store: SeriesStore
        var variants = NameTable()
        var series: [VariantSeries] = []
        var rows: UInt64 = 0
        /// What a snapshot that is being written has yet to read.
        var piece: SnapshotPiece?
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
        contents = LockedValue(Contents(store: store))
    }

    // MARK: Reserving

    /// Reserves what a run needs; refuses the rows that exceed a limit.
    func reserve(
        _ batch: borrowing Batch, run: Int, reservation: inout Reservation,
        outcome: inout BatchOutcome
    ) {
        let scope = batch.runs[run].scope
        contents.withLock { contents in
            ModelVersion.fillPiece(&contents)
            guard
                let series = series(
                    scope, batch: batch, contents: &contents, reservation: &reservation)
            else {
                let refusal = reservation.targets[scope].refusal ?? .seriesLimit
                for row in batch.rows(of: run) {
                    reservation.rows.refuse(
                        row, batch: batch, reason: refusal, budget: budget, outcome: &outcome)
                }
                return
            }
            series.reserve(
                batch, run: run, in: &contents.store, budget: budget, reservation: &reservation,
                outcome: &outcome)
        }
    }

    /// Calls `body` with the series of the scope's variant, which are made if they are new. Returns
    /// the limit that is reached, or nil.
    func reserve(
        _ scope: Int, batch: borrowing Batch, reservation: inout Reservation,
        body: (VariantSeries, inout SeriesStore) -> DropReason?
    ) -> DropReason? {
        contents.withLock { contents in
            ModelVersion.fillPiece(&contents)
            guard
                let series = series(
                    scope, batch: batch, contents: &contents, reservation: &reservation)
            else {
                return reservation.targets[scope].refusal ?? .seriesLimit
            }
            return body(series, &contents.store)
        }
    }

    /// The series of a scope's variant, made if they are new; nil if a limit is reached, which the
    /// reservation then names.
    private func series(
        _ scope: Int, batch: borrowing Batch, contents: inout Contents,
        reservation: inout Reservation
    ) -> VariantSeries? {
        let known = Int(reservation.targets[scope].variant)
        if known >= 0 { return contents.series[known] }
        if reservation.targets[scope].refusal != nil { return nil }
        let name = batch.scopes[scope].variant
        let none: [UInt8] = []
        let number =
            name.isNone
            ? contents.variants.number(of: none.span)
            : contents.variants.number(of: batch.bytes(name))
        if let number {
            reservation.targets[scope].variant = Int32(number)
            return contents.series[number]
        }
        if budget.isBinding, contents.variants.count >= budget.limits.variantsPerVersion {
            reservation.targets[scope].refusal = .variantLimit
            return nil
        }
        var names = [("model", owner.name), ("version", version)]
        if !name.isNone { names.append(("variant", batch.bytes(name).string)) }
        guard
            let series = VariantSeries(
                names, in: &contents.store, refusal: &reservation.targets[scope].refusal)
        else { return nil }
        let made =
            name.isNone
            ? contents.variants.add(none.span) : contents.variants.add(batch.bytes(name))
        reservation.targets[scope].variant = Int32(made)
        contents.series.append(series)
        return series
    }

    // MARK: Applying

    /// Counts the rows of a run that are not refused. Returns the rows of input that they represent.
    func apply(_ batch: borrowing Batch, run: Int, reservation: inout Reservation) -> UInt64 {
        let variant = Int(reservation.targets[batch.runs[run].scope].variant)
        if variant < 0 { return 0 }
        return contents.withLock { contents in
            ModelVersion.fillPiece(&contents)
            let rows = contents.series[variant].apply(
                batch, run: run, in: &contents.store, budget: budget, reservation: &reservation)
            contents.rows = contents.rows.adding(rows, times: 1)
            return rows
        }
    }

    /// Calls `body` with the series of a variant that was reserved, and shows them.
    func change(_ variant: Int32, body: (VariantSeries, inout SeriesStore) -> Void) {
        if variant < 0 { return }
        contents.withLock { contents in
            ModelVersion.fillPiece(&contents)
            let series = contents.series[Int(variant)]
            series.show(in: &contents.store)
            body(series, &contents.store)
        }
    }

    /// Whether any of its series is on the page.
    var isShown: Bool { contents.withLock { $0.series.contains { $0.isShown } } }

    // MARK: Records

    /// Takes a snapshot of the version, which is written later.
    func snapshot(_ leases: Leases, at time: UInt64) -> SnapshotPiece {
        let piece = SnapshotPiece(
            leases, time: time, lastPush: lastPush.load(ordering: .relaxed))
        contents.withLock { $0.piece = piece }
        return piece
    }

    /// The bytes of the version as it was when the snapshot was taken.
    func bytes(of piece: SnapshotPiece) -> [UInt8] {
        contents.withLock { contents in
            if contents.piece === piece { ModelVersion.fillPiece(&contents) }
        }
        return piece.take()
    }

    /// Writes what a snapshot has yet to read, before it changes.
    private static func fillPiece(_ contents: inout Contents) {
        guard let piece = contents.piece.take() else { return }
        var record = ByteWriter()
        record.write(piece.silence)
        // The state of a producer whose lease has ended must not come back with a new lease.
        for series in contents.series {
            series.states.settle(in: &contents.store, leases: piece.leases, now: piece.time)
        }
        record.write(contents.rows)
        contents.store.write(to: &record)
        contents.variants.write(to: &record)
        for series in contents.series { series.write(to: &record) }
        piece.fill(record.bytes)
    }

    /// Becomes what was written.
    func read(
        _ record: inout ByteReader, form: UInt64, keepsNatives: Bool, leases: Leases, now: UInt64
    ) {
        let silence = record.number()
        lastPush.store(now > silence ? now - silence : 0, ordering: .relaxed)
        let rows = record.number()
        var state = Contents(
            store: SeriesStore(Families.all.descriptors, budget: budget, keepsNatives: keepsNatives)
        )
        state.rows = rows
        state.store.read(&record)
        state.variants = NameTable(&record)
        for number in 0..<state.variants.count {
            var names = [("model", owner.name), ("version", version)]
            let variant = state.variants[number].string
            if !variant.isEmpty { names.append(("variant", variant)) }
            state.series.append(
                VariantSeries(
                    &record, form: form, names: names, in: &state.store, leases: leases, now: now))
        }
        contents.withLock { swap(&$0, &state) }
    }

    // MARK: Page

    /// Adds the current numbers to a page.
    func add(to snapshot: inout StoreSnapshot, leases: Leases, now: UInt64) {
        contents.withLock { contents in
            for series in contents.series {
                series.states.settle(in: &contents.store, leases: leases, now: now)
            }
            snapshot.add(contents.store)
        }
    }

    /// Rows of input since the version was made.
    var rows: UInt64 { contents.withLock { $0.rows } }

    /// The bounds by the rules, if they are not the default or not those of the histograms.
    func outdatedBounds(
        _ rules: ModelSettings.Rules
    ) -> [(family: BucketFamily, bounds: BucketBounds)] {
        contents.withLock { contents in
            BucketFamily.allCases.compactMap { family in
                let bounds = rules.buckets[family] ?? family.standard
                let current = contents.store.bounds(of: Families.all.descriptor(of: family))
                return bounds == family.standard && bounds == current ? nil : (family, bounds)
            }
        }
    }

    /// Changes the bounds of histograms; a histogram whose bounds change restarts at 0. Returns the
    /// families that changed and were on the page.
    func setBounds(_ change: Reservation.Bounds) -> [BucketFamily] {
        boundsGeneration.store(change.generation, ordering: .relaxed)
        return contents.withLock { contents in
            ModelVersion.fillPiece(&contents)
            var changed: [BucketFamily] = []
            for (family, bounds) in change.families {
                switch contents.store.setBounds(
                    bounds, of: Families.all.descriptor(of: family))
                {
                case .unchanged: continue
                case .refused(let reason): budget.drop(reason)
                case .moved(let moves):
                    for series in contents.series { series.move(moves) }
                    if contents.series.contains(where: \.isShown) { changed.append(family) }
                }
            }
            return changed
        }
    }
}
