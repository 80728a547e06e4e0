internal import Groups
internal import Intake
internal import Journal
internal import Kernel
internal import Model
internal import Observation
internal import Profiles
internal import Watch
internal import Wire

extension PersistedState {
    /// Applies a record as it was decided; no limit or setting of this process is consulted.
    package func replay(_ record: Span<UInt8>) -> String? {
        var reader = ByteReader(record)
        guard let kind = RecordKind(rawValue: reader.number()) else {
            return PersistedState.damaged
        }
        let reason =
            kind.rawValue < RecordKind.events.rawValue
            ? replayFormat1(kind, record: &reader) : replay(kind, record: &reader)
        return reason ?? (reader.isDamaged ? PersistedState.damaged : nil)
    }

    private func replay(_ kind: RecordKind, record: inout ByteReader) -> String? {
        var time = clock.now
        var key: (key: IdempotencyKey, number: UInt64)?
        var batch = Batch()
        var image: GroupImage?
        var change: GroupChange?
        var names: [String] = []
        var expired: ExpiredItems?
        var profile: (origin: WatchStore.Origin, layout: Layout?)?
        while let section = record.section(), section != .end {
            switch section {
            case .time:
                let (unixSeconds, persistentSeconds) = (record.double(), record.double())
                time = clock.now.earlier(
                    unixSeconds: unixSeconds, persistentSeconds: persistentSeconds)
            case .key:
                key = record.keyAndNumber()
            case .batch:
                if !batch.read(&record) { return PersistedState.damaged }
            case .reservation:
                if !models.replay(batch, record: &record, at: time) {
                    return PersistedState.damaged
                }
            case .group:
                image = GroupImage(decoding: record.text())
                if image == nil { return PersistedState.damaged }
            case .groupChange:
                change = GroupChange(&record)
            case .names:
                for _ in 0..<record.count() { names.append(record.text().string) }
            case .expired:
                expired = ExpiredItems(&record)
            case .profile:
                guard let origin = WatchStore.Origin(rawValue: record.number()) else {
                    return PersistedState.damaged
                }
                guard record.flag() else {
                    profile = (origin, nil)
                    continue
                }
                guard let read = try? Profile(record.text(), file: "record") else {
                    return PersistedState.damaged
                }
                profile = (origin, Layout(read))
            case .end: break
            }
        }
        if record.isDamaged { return PersistedState.damaged }
        note(key, at: time)
        switch kind {
        case .events: return nil
        case .group:
            guard let image else { return PersistedState.damaged }
            return restore(image)
        case .groupDeletion:
            guard let image else { return PersistedState.damaged }
            groups.remove(image.key)
            return nil
        case .groupChange, .groupRemoval:
            // Without a change only the key of a batch was to be noted.
            guard let change else { return nil }
            return replay(change, at: clock.now)
        case .retirement:
            guard names.count == 2 else { return PersistedState.damaged }
            _ = models.retire(model: names[0], version: names[1])
            return nil
        case .producerRemoval:
            guard names.count == 1 else { return PersistedState.damaged }
            removeProducer(names[0])
            return nil
        case .expiry:
            guard let expired else { return PersistedState.damaged }
            replay(expired)
            return nil
        case .profile:
            guard let profile, names.count == 2 else { return PersistedState.damaged }
            _ = models.watch.set(
                profile.layout, model: names[0], version: names[1], from: profile.origin)
            return nil
        case .eventsFormat1, .groupFormat1, .groupDeletionFormat1, .retirementFormat1,
            .producerRemovalFormat1, .expiryFormat1:
            return PersistedState.damaged
        }
    }

    /// Records of the releases before format 2: fixed fields, and the time only of events.
    private func replayFormat1(_ kind: RecordKind, record: inout ByteReader) -> String? {
        switch kind {
        case .eventsFormat1:
            note(record.keyFormat1(), at: clock.now)
            var batch = Batch()
            let isApplied =
                batch.read(&record)
                && models.replayFormat1(batch, record: &record, now: clock.now)
            return isApplied ? nil : PersistedState.damaged
        case .groupFormat1:
            note(record.keyFormat1(), at: clock.now)
            guard let image = GroupImage(decoding: record.text()) else {
                return PersistedState.damaged
            }
            return restore(image)
        case .groupDeletionFormat1:
            note(record.keyFormat1(), at: clock.now)
            guard let image = GroupImage(decoding: record.text()) else {
                return PersistedState.damaged
            }
            groups.remove(image.key)
        case .retirementFormat1:
            let (model, version) = (record.text().string, record.text().string)
            _ = models.retire(model: model, version: version)
        case .producerRemovalFormat1:
            removeProducer(record.text().string)
        case .expiryFormat1:
            let expired = ExpiredItems(&record)
            if record.isDamaged { return PersistedState.damaged }
            replay(expired)
        case .events, .group, .groupDeletion, .groupChange, .groupRemoval, .retirement,
            .producerRemoval, .expiry, .profile:
            return PersistedState.damaged
        }
        return nil
    }

    private func note(_ batch: (key: IdempotencyKey, number: UInt64)?, at time: Timestamp) {
        guard let batch else { return }
        producers.replay(batch.key, as: batch.number, now: time.monotonicNanoseconds)
    }

    /// Makes a change of a group again. Returns why a part of it could not be made.
    private func replay(_ change: GroupChange, at time: Timestamp) -> String? {
        groups.replay(change, at: time)
            ? nil : "another group has a series of the group \(change.key.text)"
    }

    private func removeProducer(_ producer: String) {
        if let number = producers.forget(producer) { models.forget(producer: number) }
    }

    private func replay(_ expired: ExpiredItems) {
        // `ml_push_groups_expired_total` counts groups that expire in this process.
        for group in expired.groups { groups.remove(group) }
        var rest = expired
        rest.groups = []
        remove(rest)
    }
}
