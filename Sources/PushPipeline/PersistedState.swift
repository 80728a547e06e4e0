package import Groups
package import Intake
package import Journal
package import Kernel
package import Model
internal import Watch
internal import Wire

/// The state that clients push, as the journal stores and restores it: one section of a snapshot for
/// the models, one for the producers, one for each profile and each watched version, and one for each
/// group.
package final class PersistedState: JournalState {
    /// Settings may shorten a time to live; that takes effect after this time at the latest.
    private static let longestPause = Duration.seconds(60)

    package let groups: GroupStore
    package let models: Models
    package let producers: ProducerTable
    let clock: TimeSource
    /// When a model, a lease or a producer may expire next, on the monotonic clock.
    private let nextModelExpiry = LockedValue<UInt64>(0)

    private enum Section {
        static let models = "models"
        static let producers = "producers"
        static let watch = "watch"
        static let group = "group"
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
        case Section.models:
            var reader = ByteReader(body)
            return models.read(&reader) ? nil : PersistedState.damaged
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

    package func snapshot() -> [Snapshot.Section] {
        var writer = ByteWriter()
        models.write(to: &writer)
        var sections = [
            Snapshot.Section(Section.models, body: writer.bytes),
            Snapshot.Section(Section.producers, body: producers.snapshot()),
        ]
        for section in models.watch.sections {
            sections.append(Snapshot.Section(Section.watch, body: section))
        }
        for image in groups.images(at: clock.now) {
            var bytes: [UInt8] = []
            image.encode(into: &bytes)
            sections.append(Snapshot.Section(Section.group, body: bytes))
        }
        return sections
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
