package import Kernel
package import Observation
internal import Series
internal import Watch
package import Wire

/// What survives a restart: a record of each push as it was reserved, and snapshots of everything.
extension Models {
    /// The first number of a snapshot.
    private static let form: UInt64 = 1
    /// The first number of a reservation. Form 2 had no deltas.
    private static let reservationForm: UInt64 = 3

    // MARK: Reservations

    /// Writes what a replay needs beside the batch and its time: the sender and the refusals.
    package func write(_ reservation: borrowing Reservation, to record: inout ByteWriter) {
        record.write(Models.reservationForm)
        record.write(reservation.context.sender.number)
        reservation.write(to: &record)
        reservation.deltas.write(to: &record)
    }

    /// Applies a batch as it was reserved, whatever the limits and rules are now. Returns false for a
    /// damaged record.
    package func replay(
        _ batch: borrowing Batch, record: inout ByteReader, at time: Timestamp
    ) -> Bool {
        let form = record.number()
        if form != 2, form != Models.reservationForm { record.damage() }
        var reservation = Reservation()
        let context = PushContext(from: Models.sender(record.number()), at: time)
        reservation.begin(batch, context: context)
        reservation.read(&record, batch: batch)
        if form >= 3 {
            guard let deltas = watch.replay(&record, batch: batch) else { return false }
            reservation.deltas = deltas
        }
        if record.isDamaged { return false }
        replay(batch, reservation: reservation)
        return true
    }

    /// As `replay`, for a record of format 1, which has the Unix time in it.
    package func replayFormat1(
        _ batch: borrowing Batch, record: inout ByteReader, now: Timestamp
    ) -> Bool {
        let unixSeconds = record.double()
        let time = now.earlier(unixSeconds: unixSeconds, persistentSeconds: unixSeconds)
        var reservation = Reservation()
        let context = PushContext(from: Models.sender(record.number()), at: time)
        reservation.begin(batch, context: context)
        reservation.readFormat1(&record)
        if record.isDamaged { return false }
        directory.withLock { $0.isReplayingFormat1 = true }
        defer { directory.withLock { $0.isReplayingFormat1 = false } }
        replay(batch, reservation: reservation)
        return true
    }

    /// The sender of a push of an earlier run. A process may still run: its state ends with it, so
    /// it is watched again.
    private static func sender(_ number: UInt64) -> Sender {
        Sender(number: number, process: Sender.Process(number: number))
    }

    private func replay(_ batch: borrowing Batch, reservation: consuming Reservation) {
        var reservation = reservation
        var outcome = BatchOutcome()
        budget.lifted {
            // A version can have got other bounds from a push of which nothing else was accepted.
            for change in reservation.bounds {
                _ = version(change.scope, batch: batch, reservation: &reservation)
            }
            reserve(batch, reservation: &reservation, outcome: &outcome)
        }
        apply(batch, as: reservation)
    }

    // MARK: Snapshots

    /// Writes the whole state. Not concurrent with `apply`: the journal's writer thread does both.
    package func write(to record: inout ByteWriter) {
        let now = Clock.monotonicNanoseconds
        let (models, versions) = directory.withLock { ($0.models, $0.versions) }
        record.write(Models.form)
        general?.write(to: &record, now: now)
        record.write(count: models.count)
        for model in models {
            record.write(model.name)
            model.write(to: &record, now: now)
        }
        record.write(count: versions.count)
        for version in versions {
            record.write(version.owner.name)
            record.write(version.version)
            version.write(to: &record, leases: leases, now: now)
        }
    }

    /// Removes everything.
    package func removeAll() {
        directory.withLock { $0.removeAll() }
        leases.endAll()
    }

    /// Replaces everything by what was written, whatever the limits and rules are now. Returns false,
    /// and is empty, if the record is damaged or of a later form.
    package func read(_ record: inout ByteReader) -> Bool {
        removeAll()
        if record.number() != Models.form { record.damage() }
        let settings = directory.withLock { $0.settings }
        let now = Clock.monotonicNanoseconds
        general?.read(&record, rules: settings.rules, now: now)
        for _ in 0..<record.count() {
            let name = record.text().string
            let model = found(name)
            if model == nil { record.damage() }
            model?.read(&record, rules: settings.rules(of: name), now: now)
        }
        for _ in 0..<record.count() {
            let model = record.text().string
            let name = record.text().string
            let version = found(name, of: model)
            if version == nil { record.damage() }
            version?.read(
                &record, keepsNatives: directory.withLock { $0.keepsNatives }, leases: leases,
                now: now)
        }
        if record.isDamaged { removeAll() }
        return !record.isDamaged
    }

    private func found(_ name: String) -> ModelState? {
        budget.lifted {
            directory.withLock { directory in
                var refusal: DropReason?
                return directory.model(
                    name.utf8Span.span, budget: budget, now: 0, refusal: &refusal)
            }
        }
    }

    private func found(_ version: String, of model: String) -> ModelVersion? {
        budget.lifted {
            directory.withLock { directory in
                var refusal: DropReason?
                return directory.version(
                    version.utf8Span.span, of: model.utf8Span.span, budget: budget, now: 0,
                    refusal: &refusal)
            }
        }
    }
}

extension RowFlags {
    /// Writes the rows with a flag.
    func write(_ mark: UInt8 = RowFlags.refused, to record: inout ByteWriter) {
        if isEmpty { return record.write(count: 0) }
        let marked = (0..<count).filter { has(mark, row: $0) }
        record.write(count: marked.count)
        for row in marked { record.write(count: row) }
    }

    /// Sets a flag of the rows that were written.
    mutating func read(_ record: inout ByteReader, mark: UInt8 = RowFlags.refused) {
        for _ in 0..<record.count() {
            let row = record.number(below: count)
            if !record.isDamaged { _ = insert(mark, row: row) }
        }
    }
}
