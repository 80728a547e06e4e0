internal import Exposition
package import Kernel
package import Observation
internal import Series
package import Wire

/// What survives a restart: records of pushes as they were decided, and snapshots of all.
extension Models {
    /// What a snapshot begins with: the version of its form.
    private static let form: UInt64 = 1
    /// What a decision begins with: the version of its form.
    private static let decisionForm: UInt64 = 2

    // MARK: Decisions

    /// Writes what a replay needs beside the batch and its time.
    package func write(_ decision: borrowing Reservation, to record: inout ByteWriter) {
        record.write(Models.decisionForm)
        record.write(decision.context.sender.number)
        decision.rows.write(to: &record)
        for kind in decision.announcements.indices {
            decision.announcements[kind].write(to: &record)
        }
        decision.rows.write(RowFlags.otherReason, to: &record)
        let metrics = Reservation.Kind.metric.rawValue
        decision.announcements[metrics].write(RowFlags.unitLabel, to: &record)
        for names in [decision.droppedFeatures, decision.droppedTrainingFeatures] {
            record.write(count: names.count)
            for name in names {
                record.write(count: name.place)
                record.write(count: Int(name.name.index))
            }
        }
        record.write(count: decision.bounds.count)
        for change in decision.bounds {
            record.write(count: change.scope)
            record.write(count: change.families.count)
            for (family, bounds) in change.families {
                record.write(family.rawValue)
                record.write(count: bounds.values.count)
                for bound in bounds.values { record.write(bound) }
            }
        }
    }

    /// Applies a batch as it was decided, whatever the limits are now. Returns false for a record
    /// that is damaged.
    package func replay(
        _ batch: borrowing Batch, record: inout ByteReader, at time: Timestamp
    ) -> Bool {
        if record.number() != Models.decisionForm { record.damage() }
        let sender = Sender(number: record.number(), process: nil)
        var decision = Reservation()
        decision.begin(batch, context: PushContext(from: sender, at: time))
        decision.setOrigin(.record)
        return replay(batch, record: &record, decision: decision)
    }

    /// As `replay`, for a record of format 1, which has the Unix time in it.
    package func replayFormat1(
        _ batch: borrowing Batch, record: inout ByteReader, now: Timestamp
    ) -> Bool {
        let unixSeconds = record.double()
        let time = now.earlier(unixSeconds: unixSeconds, persistentSeconds: unixSeconds)
        let sender = Sender(number: record.number(), process: nil)
        var decision = Reservation()
        decision.begin(batch, context: PushContext(from: sender, at: time))
        decision.setOrigin(.recordFormat1)
        directory.withLock { $0.isReplayingFormat1 = true }
        defer { directory.withLock { $0.isReplayingFormat1 = false } }
        return replay(batch, record: &record, decision: decision)
    }

    private func replay(
        _ batch: borrowing Batch, record: inout ByteReader, decision: consuming Reservation
    ) -> Bool {
        var decision = decision
        decision.rows.read(&record)
        for kind in decision.announcements.indices {
            decision.announcements[kind].read(&record)
        }
        if decision.origin == .record { readNamesAndBounds(&record, batch: batch, into: &decision) }
        if record.isDamaged { return false }
        var outcome = BatchOutcome()
        budget.lifted {
            // A version may have got other bounds from a push of which nothing else was accepted.
            for change in decision.bounds {
                _ = version(change.scope, batch: batch, decision: &decision)
            }
            decide(batch, decision: &decision, outcome: &outcome)
        }
        apply(batch, as: decision)
        return true
    }

    private func readNamesAndBounds(
        _ record: inout ByteReader, batch: borrowing Batch, into decision: inout Reservation
    ) {
        decision.rows.read(&record, mark: RowFlags.otherReason)
        let metrics = Reservation.Kind.metric.rawValue
        decision.announcements[metrics].read(&record, mark: RowFlags.unitLabel)
        for _ in 0..<record.count() {
            let run = record.number(below: batch.runs.count)
            let name = Symbol(index: record.number(below: batch.nameCount))
            decision.droppedFeatures.append(Reservation.Name(place: run, name: name))
        }
        for _ in 0..<record.count() {
            let place = record.number(below: batch.trainings.count)
            let name = Symbol(index: record.number(below: batch.nameCount))
            decision.droppedTrainingFeatures.append(Reservation.Name(place: place, name: name))
        }
        for _ in 0..<record.count() {
            let scope = record.number(below: batch.scopes.count)
            var families: [(family: BucketFamily, bounds: BucketBounds)] = []
            for _ in 0..<record.count() {
                let family = BucketFamily(rawValue: record.text().string)
                var values: [Double] = []
                for _ in 0..<record.count() { values.append(record.double()) }
                guard let family, let bounds = BucketBounds(values) else {
                    record.damage()
                    return
                }
                families.append((family, bounds))
            }
            // The next push compares them with the settings of this process.
            decision.bounds.append(
                Reservation.Bounds(scope: scope, families: families, generation: 0))
        }
    }

    // MARK: Snapshots

    /// Writes all that is known. Nobody applies a batch meanwhile.
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

    /// Forgets everything.
    package func removeAll() {
        directory.withLock { $0.removeAll() }
        leases.endAll()
    }

    /// Becomes what was written, whatever the limits and rules are now. Returns false, and is empty,
    /// if the record is damaged or of a later form.
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
    /// Writes which rows have a mark.
    func write(_ mark: UInt8 = RowFlags.refused, to record: inout ByteWriter) {
        if isEmpty { return record.write(count: 0) }
        let marked = (0..<count).filter { has(mark, row: $0) }
        record.write(count: marked.count)
        for row in marked { record.write(count: row) }
    }

    mutating func read(_ record: inout ByteReader, mark: UInt8 = RowFlags.refused) {
        for _ in 0..<record.count() {
            let row = record.number(below: count)
            if !record.isDamaged { _ = insert(mark, row: row) }
        }
    }
}
