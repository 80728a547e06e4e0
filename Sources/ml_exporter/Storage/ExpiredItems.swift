internal import Groups
internal import HTTP
internal import Journal
internal import Kernel
internal import Model
internal import Wire

/// What has outlived its time, of all that is pushed.
struct ExpiredItems {
    var models = Models.ExpiredItems()
    var groups: [GroupingKey] = []
    /// Those that say who they are.
    var producers: [String] = []

    var isEmpty: Bool { models == Models.ExpiredItems() && groups.isEmpty && producers.isEmpty }

    init() {}

    func write(to record: inout ByteWriter) {
        record.write(count: models.versions.count)
        for version in models.versions {
            record.write(version.model)
            record.write(version.version)
        }
        record.write(count: models.models.count)
        for model in models.models { record.write(model) }
        record.write(count: models.producers.count)
        for producer in models.producers { record.write(producer) }
        record.write(count: producers.count)
        for producer in producers { record.write(producer) }
        record.write(count: groups.count)
        for group in groups { group.write(to: &record) }
    }

    init(_ record: inout ByteReader) {
        for _ in 0..<record.count() {
            let model = record.text().string
            models.versions.append(
                Models.ExpiredItems.Version(model: model, version: record.text().string))
        }
        for _ in 0..<record.count() { models.models.append(record.text().string) }
        for _ in 0..<record.count() { models.producers.append(record.number()) }
        for _ in 0..<record.count() { producers.append(record.text().string) }
        for _ in 0..<record.count() {
            guard let group = GroupingKey(&record) else { return }
            groups.append(group)
        }
    }
}

/// Forgets what has outlived its time once that survives.
final class ExpirySubmission: Submission {
    private let expired: ExpiredItems
    private let state: PersistedState

    init(_ expired: ExpiredItems, of state: PersistedState) {
        self.expired = expired
        self.state = state
    }

    /// What is pushed next begins at 0.
    var isAlone: Bool { true }

    func decide(into record: inout ByteWriter) {
        record.write(RecordKind.expired.rawValue)
        expired.write(to: &record)
    }

    func kept() { state.forget(expired) }

    /// It is still there, and tried again.
    func lost(_ error: StorageError) {}
}
