internal import Groups
internal import Intake
internal import Journal
internal import Kernel
internal import Model
internal import Observation
internal import Wire

/// What has been pushed, as the journal keeps it.
final class PersistedState: JournalState {
    /// Settings may give something a shorter life, which is noticed after so long.
    private static let longestPause = Duration.seconds(60)

    let groups: GroupStore
    let models: Models
    let producers: ProducerTable
    /// Told of a histogram that starts anew because its bounds have changed.
    private let noteReset: @Sendable (Models.Reset) -> Void
    /// When a model, a lease or a producer may have outlived its time.
    private let nextModelExpiry = LockedValue<UInt64>(0)

    private enum Section {
        static let models = "models"
        static let producers = "producers"
        static let group = "group"
    }

    init(
        groups: GroupStore, models: Models, producers: ProducerTable,
        noteReset: @escaping @Sendable (Models.Reset) -> Void
    ) {
        self.groups = groups
        self.models = models
        self.producers = producers
        self.noteReset = noteReset
    }

    /// What a record is, for people.
    static func kind(of record: Span<UInt8>) -> String {
        var reader = ByteReader(record)
        return RecordKind(rawValue: reader.number())?.name ?? "unknown"
    }

    func reset() {
        models.removeAll()
        producers.reset()
        groups.removeAll()
    }

    // MARK: Snapshots

    func restore(_ name: String, body: Span<UInt8>) -> Bool {
        switch name {
        case Section.models:
            var reader = ByteReader(body)
            guard let resets = models.read(&reader) else { return false }
            for reset in resets { noteReset(reset) }
            return true
        case Section.producers:
            return producers.restore(body)
        case Section.group:
            guard let image = GroupImage(decoding: body) else { return false }
            groups.restore(image)
            return true
        default:
            return false
        }
    }

    func snapshot() -> [Snapshot.Section] {
        var writer = ByteWriter()
        models.write(to: &writer)
        var sections = [
            Snapshot.Section(Section.models, body: writer.bytes),
            Snapshot.Section(Section.producers, body: producers.snapshot()),
        ]
        for image in groups.images() {
            var bytes: [UInt8] = []
            image.encode(into: &bytes)
            sections.append(Snapshot.Section(Section.group, body: bytes))
        }
        return sections
    }

    // MARK: Records

    func replay(_ record: Span<UInt8>) -> Bool {
        var reader = ByteReader(record)
        guard let kind = RecordKind(rawValue: reader.number()) else { return false }
        switch kind {
        case .events:
            note(reader.key())
            var batch = Batch()
            return batch.read(&reader) && models.replay(batch, record: &reader)
        case .group:
            note(reader.key())
            guard let image = GroupImage(decoding: reader.text()) else { return false }
            groups.restore(image)
        case .deletedGroup:
            note(reader.key())
            guard let image = GroupImage(decoding: reader.text()) else { return false }
            groups.remove(image.key)
        case .retired:
            let (model, version) = (reader.text().string, reader.text().string)
            _ = models.retire(model: model, version: version)
        case .forgotten:
            if let number = producers.forget(reader.text().string) {
                models.forget(producer: number)
            }
        case .expired:
            var expired = ExpiredItems(&reader)
            if reader.isDamaged { return false }
            // They are counted when they end, and not again.
            for group in expired.groups { groups.remove(group) }
            expired.groups = []
            forget(expired)
        }
        return !reader.isDamaged
    }

    private func note(_ batch: (key: IdempotencyKey, number: UInt64)?) {
        guard let batch else { return }
        producers.replay(batch.key, as: batch.number, now: Clock.monotonicNanoseconds)
    }

    // MARK: Expiry

    func nextExpiry() -> UInt64 {
        min(groups.nextExpiry, nextModelExpiry.withLock { $0 })
    }

    func expiry(at now: UInt64) -> (any Submission)? {
        var expired = ExpiredItems()
        expired.groups = groups.expired()
        if now >= nextModelExpiry.withLock({ $0 }) {
            let (ofModels, nextOfModels) = models.expired(now: now)
            let (ofProducers, nextOfProducers) = producers.expired(now: now)
            expired.models = ofModels
            expired.producers = ofProducers
            let next = min(
                nextOfModels, nextOfProducers, now &+ PersistedState.longestPause.nanoseconds)
            nextModelExpiry.withLock { $0 = expired.isEmpty ? next : now }
        }
        return expired.isEmpty ? nil : ExpirySubmission(expired, of: self)
    }

    func forget(_ expired: ExpiredItems) {
        models.forget(expired.models)
        groups.expire(expired.groups)
        for producer in expired.producers {
            if let number = producers.forget(producer) { models.forget(producer: number) }
        }
    }
}
