package import Groups
package import Intake
package import Journal
package import Kernel
package import Model
internal import Watch
internal import Wire

/// The state that clients push, as the journal stores and restores it: a section of a snapshot for each
/// thousand producers, for each model, version, profile, watched variant and group.
package final class PersistedState: JournalState {
    /// Settings may shorten a time to live; that takes effect after this time at the latest.
    private static let longestPause = Duration.seconds(60)

    package let groups: GroupStore
    package let models: Models
    package let producers: ProducerTable
    let clock: TimeSource
    /// When a model, a lease or a producer may expire next, on the monotonic clock.
    private let nextModelExpiry = LockedValue<UInt64>(0)

    /// The names of the sections of a snapshot.
    private enum Section {
        static let producers = "producers"
        static let model = "model"
        static let version = "version"
        static let watch = "watch"
        static let group = "group"
        /// All models, of the releases before format 3.
        static let modelsFormat2 = "models"
    }

    package init(
        groups: GroupStore, models: Models, producers: ProducerTable,
        clock: TimeSource = .system
    ) {
        self.groups = groups
        self.models = models
        self.producers = producers
        self.clock = clock
    }

    /// What `storage inspect` calls the kind of a record.
    package static func kind(of record: Span<UInt8>) -> String {
        var reader = ByteReader(record)
        return RecordKind(rawValue: reader.number())?.name ?? "unknown"
    }

    package func reset() {
        models.removeAll()
        models.watch.removeAll()
        producers.reset()
        groups.removeAll()
    }

    // MARK: Snapshots

    package func restore(_ name: String, body: Span<UInt8>) -> String? {
        switch name {
        case Section.model:
            var reader = ByteReader(body)
            return models.readModel(&reader) ? nil : PersistedState.damaged
        case Section.version:
            var reader = ByteReader(body)
            return models.readVersion(&reader) ? nil : PersistedState.damaged
        case Section.modelsFormat2:
            var reader = ByteReader(body)
            return models.readFormat2(&reader) ? nil : PersistedState.damaged
        case Section.producers:
            return producers.restore(body) ? nil : PersistedState.damaged
        case Section.watch:
            return models.watch.restore(body) ? nil : PersistedState.damaged
        case Section.group:
            guard let image = GroupImage(decoding: body) else { return PersistedState.damaged }
            return restore(image)
        default:
            return "unknown to this release"
        }
    }

    static let damaged = "it is not understood"

    /// Restores a group. Returns why a part of it could not be.
    func restore(_ image: GroupImage) -> String? {
        groups.restore(image, at: clock.now)
            ? nil : "another group has a series of the group \(image.key.text)"
    }

    package func snapshot() -> [Snapshot.Part] {
        // All images at one moment, the sections later.
        let producers = producers.image
        let modelImage = models.image
        let watch = models.watch.image
        let groups = groups.images(at: clock.now)
        return [
            Snapshot.Part(Section.producers, count: producers.sectionCount) {
                producers.bytes(of: $0)
            },
            Snapshot.Part(Section.model, count: modelImage.modelCount) { modelImage.model($0) },
            Snapshot.Part(Section.version, count: modelImage.versionCount) {
                modelImage.version($0)
            },
            Snapshot.Part(Section.watch, count: watch.count) { watch.bytes(of: $0) },
        ] + [PersistedState.part(of: groups)]
    }

    private static func part(of groups: GroupImages) -> Snapshot.Part {
        // Sorted with the first section, on the thread that writes it.
        let keys = LockedValue<[GroupingKey]>([])
        return Snapshot.Part(Section.group, count: groups.count) { number in
            let key = keys.withLock { keys in
                if number == 0 { keys = groups.keys }
                return keys[number]
            }
            guard let image = groups.image(of: key) else { return nil }
            var bytes: [UInt8] = []
            image.encode(into: &bytes)
            return bytes
        }
    }

    // MARK: Expiry

    /// When something may expire next, on the monotonic clock; never later than it does.
    var nextExpiry: UInt64 {
        min(groups.nextExpiry, nextModelExpiry.withLock { $0 })
    }

    package func expiry() -> (any Submission)? {
        // The first page has the scores of the windows that were restored.
        models.watch.evaluate(at: clock.now)
        return ExpirySubmission(of: self, at: clock.now) { _ in }
    }

    /// What has expired at `now`.
    func expired(at time: Timestamp) -> ExpiredItems {
        let now = time.monotonicNanoseconds
        var expired = ExpiredItems()
        expired.groups = groups.expired(at: time)
        if now >= nextModelExpiry.withLock({ $0 }) {
            let (ofModels, nextOfModels) = models.expired(now: now)
            let (ofProducers, nextOfProducers) = producers.expired(now: now)
            expired.models = ofModels
            expired.producers = ofProducers
            let next = min(
                nextOfModels, nextOfProducers, now &+ PersistedState.longestPause.nanoseconds)
            nextModelExpiry.withLock { $0 = expired.isEmpty ? next : now }
        }
        return expired
    }

    /// Removes what has expired. A producer's removal also ends its lease.
    func remove(_ expired: ExpiredItems) {
        models.forget(expired.models)
        groups.expire(expired.groups)
        for producer in expired.producers {
            if let number = producers.forget(producer) { models.forget(producer: number) }
        }
    }
}
