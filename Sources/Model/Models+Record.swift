internal import Kernel
package import Observation
internal import Series
package import Wire

/// What survives a restart: records of pushes as they were decided, and snapshots of all.
extension Models {
    /// What a snapshot begins with: the version of its form.
    private static let form: UInt64 = 1

    // MARK: Decisions

    /// Writes what a replay needs beside the batch.
    package func write(_ decision: borrowing Reservation, to record: inout ByteWriter) {
        record.write(decision.context.unixSeconds)
        record.write(decision.context.sender.number)
        decision.rows.write(to: &record)
        for kind in decision.announcements.indices {
            decision.announcements[kind].write(to: &record)
        }
    }

    /// Applies a batch as it was decided, whatever the limits are now. Returns false for a record
    /// that is damaged.
    package func replay(_ batch: borrowing Batch, record: inout ByteReader) -> Bool {
        var decision = Reservation()
        let unixSeconds = record.double()
        let producer = record.number()
        decision.begin(batch, context: PushContext(unixSeconds: unixSeconds, producer: producer))
        decision.rows.read(&record)
        for kind in decision.announcements.indices {
            decision.announcements[kind].read(&record)
        }
        if record.isDamaged { return false }
        var outcome = BatchOutcome()
        budget.lifted { decide(batch, decision: &decision, outcome: &outcome) }
        apply(batch, as: decision)
        return true
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

    /// Becomes what was written. Returns the histograms that start anew because the settings give
    /// them other bounds; nil, and knows nothing, when the record is damaged or of a later form.
    package func read(_ record: inout ByteReader) -> [Reset]? {
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
        // Bounds may have been configured anew while the daemon was away.
        let resets = change(settings)
        return record.isDamaged ? nil : resets
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
    /// Writes which rows are refused.
    func write(to record: inout ByteWriter) {
        let refused = (0..<count).filter { has(RowFlags.refused, row: $0) }
        record.write(count: refused.count)
        for row in refused { record.write(count: row) }
    }

    mutating func read(_ record: inout ByteReader) {
        for _ in 0..<record.count() {
            let row = record.number(below: count)
            if !record.isDamaged { _ = insert(RowFlags.refused, row: row) }
        }
    }
}
