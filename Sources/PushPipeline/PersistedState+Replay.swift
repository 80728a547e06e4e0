internal import Groups
internal import Intake
internal import Journal
internal import Kernel
internal import Model
internal import Observation
internal import Wire

extension PersistedState {
    /// Applies a record as it was decided; no limit or setting of this process is consulted.
    package func replay(_ record: Span<UInt8>) -> Bool {
        var reader = ByteReader(record)
        guard let kind = RecordKind(rawValue: reader.number()) else { return false }
        let isApplied =
            kind.rawValue < RecordKind.events.rawValue
            ? replayFormat1(kind, record: &reader) : replay(kind, record: &reader)
        return isApplied && !reader.isDamaged
    }

    private func replay(_ kind: RecordKind, record: inout ByteReader) -> Bool {
        var time = clock.now
        var key: (key: IdempotencyKey, number: UInt64)?
        var batch = Batch()
        var image: GroupImage?
        var names: [String] = []
        var expired: ExpiredItems?
        while let section = record.section(), section != .end {
            switch section {
            case .time:
                let (unixSeconds, persistentSeconds) = (record.double(), record.double())
                time = clock.now.earlier(
                    unixSeconds: unixSeconds, persistentSeconds: persistentSeconds)
            case .key:
                key = record.keyAndNumber()
            case .batch:
                if !batch.read(&record) { return false }
            case .reservation:
                if !models.replay(batch, record: &record, at: time) { return false }
            case .group:
                image = GroupImage(decoding: record.text())
                if image == nil { return false }
            case .names:
                for _ in 0..<record.count() { names.append(record.text().string) }
            case .expired:
                expired = ExpiredItems(&record)
            case .end: break
            }
        }
        if record.isDamaged { return false }
        note(key, at: time)
        switch kind {
        case .events: return true
        case .group:
            guard let image else { return false }
            return groups.restore(image, at: clock.now)
        case .groupDeletion:
            guard let image else { return false }
            groups.remove(image.key)
            return true
        case .retirement:
            guard names.count == 2 else { return false }
            _ = models.retire(model: names[0], version: names[1])
            return true
        case .producerRemoval:
            guard names.count == 1 else { return false }
            removeProducer(names[0])
            return true
        case .expiry:
            guard let expired else { return false }
            replay(expired)
            return true
        case .eventsFormat1, .groupFormat1, .groupDeletionFormat1, .retirementFormat1,
            .producerRemovalFormat1, .expiryFormat1:
            return false
        }
    }

    /// Records of the releases before format 2: fixed fields, and the time only of events.
    private func replayFormat1(_ kind: RecordKind, record: inout ByteReader) -> Bool {
        switch kind {
        case .eventsFormat1:
            note(record.keyFormat1(), at: clock.now)
            var batch = Batch()
            return batch.read(&record)
                && models.replayFormat1(batch, record: &record, now: clock.now)
        case .groupFormat1:
            note(record.keyFormat1(), at: clock.now)
            guard let image = GroupImage(decoding: record.text()) else { return false }
            return groups.restore(image, at: clock.now)
        case .groupDeletionFormat1:
            note(record.keyFormat1(), at: clock.now)
            guard let image = GroupImage(decoding: record.text()) else { return false }
            groups.remove(image.key)
        case .retirementFormat1:
            let (model, version) = (record.text().string, record.text().string)
            _ = models.retire(model: model, version: version)
        case .producerRemovalFormat1:
            removeProducer(record.text().string)
        case .expiryFormat1:
            let expired = ExpiredItems(&record)
            if record.isDamaged { return false }
            replay(expired)
        case .events, .group, .groupDeletion, .retirement, .producerRemoval, .expiry:
            return false
        }
        return true
    }

    private func note(_ batch: (key: IdempotencyKey, number: UInt64)?, at time: Timestamp) {
        guard let batch else { return }
        producers.replay(batch.key, as: batch.number, now: time.monotonicNanoseconds)
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
