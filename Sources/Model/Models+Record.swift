package import Kernel
package import Observation
internal import Series
package import Wire

/// What survives a restart: a record of each push as it was reserved, and snapshots of everything.
extension Models {
    /// The first number of a snapshot. Form 1 had no finish reasons, no cache and fewer measures.
    fileprivate static let form: UInt64 = 2
    /// The first number of a reservation.
    private static let reservationForm: UInt64 = 3

    // MARK: Reservations

    /// Writes what a replay needs beside the batch and its time: the sender and the refusals.
    package func write(_ reservation: borrowing Reservation, to record: inout ByteWriter) {
        record.write(Models.reservationForm)
        record.write(reservation.context.sender.number)
        reservation.write(to: &record)
    }

    /// Applies a batch as it was reserved, whatever the limits and rules are now. Returns false for a
    /// damaged record.
    package func replay(
        _ batch: borrowing Batch, record: inout ByteReader, at time: Timestamp
    ) -> Bool {
        let form = record.number()
        if !(2...Models.reservationForm).contains(form) { record.damage() }
        var reservation = Reservation()
        let context = PushContext(from: Models.sender(record.number()), at: time)
        reservation.begin(batch, context: context)
        reservation.read(&record, batch: batch, haveFinishReasons: form > 2)
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

    /// All models at one moment. It is taken in no time; its bytes are made later, on another thread.
    package struct Image: Sendable {
        fileprivate let models: [(model: ModelState, piece: SnapshotPiece)]
        fileprivate let versions: [(version: ModelVersion, piece: SnapshotPiece)]

        package var modelCount: Int { models.count }
        package var versionCount: Int { versions.count }

        /// A model's facts.
        package func model(_ number: Int) -> [UInt8] {
            let (model, piece) = models[number]
            var record = ByteWriter()
            record.write(Models.form)
            record.write(model.name)
            return record.bytes + model.bytes(of: piece)
        }

        package func version(_ number: Int) -> [UInt8] {
            let (version, piece) = versions[number]
            var record = ByteWriter()
            record.write(Models.form)
            record.write(version.owner.name)
            record.write(version.version)
            return record.bytes + version.bytes(of: piece)
        }
    }

    /// All models as they are now. Not concurrent with `apply`: the journal's writer does both.
    package var image: Image {
        let now = Clock.monotonicNanoseconds
        let (models, versions) = directory.withLock { ($0.models, $0.versions) }
        let all = (general.map { [$0] } ?? []) + models
        return Image(
            models: all.map { ($0, $0.snapshot(leases, at: now)) },
            versions: versions.map { ($0, $0.snapshot(leases, at: now)) })
    }

    /// Removes everything.
    package func removeAll() {
        directory.withLock { $0.removeAll() }
        leases.endAll()
    }

    /// Restores a model's facts, whatever the limits and rules are now. Returns false, and leaves it
    /// out, if the record is damaged or of a later form.
    package func readModel(_ record: inout ByteReader) -> Bool {
        _ = Models.readForm(&record)
        let name = record.text().string
        if !record.isDamaged { readModel(name, record: &record) }
        if record.isDamaged { _ = retire(model: name) }
        return !record.isDamaged
    }

    /// Restores a version, likewise.
    package func readVersion(_ record: inout ByteReader) -> Bool {
        let form = Models.readForm(&record)
        let model = record.text().string
        let name = record.text().string
        if !record.isDamaged { readVersion(name, of: model, form: form, record: &record) }
        if record.isDamaged, !name.isEmpty { _ = retire(model: model, version: name) }
        return !record.isDamaged
    }

    private func readModel(_ name: String, record: inout ByteReader) {
        let settings = directory.withLock { $0.settings }
        let model = name.isEmpty ? general : found(name)
        if model == nil { record.damage() }
        model?.read(
            &record, rules: name.isEmpty ? settings.rules : settings.rules(of: name),
            now: Clock.monotonicNanoseconds)
    }

    /// The form of a snapshot's record; one of a later release is damage.
    private static func readForm(_ record: inout ByteReader) -> UInt64 {
        let form = record.number()
        if !(1...Models.form).contains(form) { record.damage() }
        return form
    }

    private func readVersion(
        _ name: String, of model: String, form: UInt64, record: inout ByteReader
    ) {
        let version = found(name, of: model)
        if version == nil { record.damage() }
        version?.read(
            &record, form: form, keepsNatives: directory.withLock { $0.keepsNatives },
            leases: leases,
            now: Clock.monotonicNanoseconds)
    }

    /// Replaces everything by what releases before format 3 wrote: all models in one record. Returns
    /// false, and is empty, if the record is damaged or of a later form.
    package func readFormat2(_ record: inout ByteReader) -> Bool {
        removeAll()
        let form = Models.readForm(&record)
        readModel("", record: &record)
        for _ in 0..<record.count() { readModel(record.text().string, record: &record) }
        for _ in 0..<record.count() {
            let model = record.text().string
            let version = record.text().string
            readVersion(version, of: model, form: form, record: &record)
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
