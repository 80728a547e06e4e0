internal import Groups
internal import HTTPServer
internal import Journal
internal import Kernel
internal import Model

/// What has outlived its time, of all that is pushed.
struct Expired {
    var models = Models.Expired()
    var groups: [GroupingKey] = []
    /// Those that say who they are.
    var producers: [String] = []

    var isEmpty: Bool { models == Models.Expired() && groups.isEmpty && producers.isEmpty }

    init() {}

    func write(to record: inout RecordWriter) {
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
        for group in groups {
            record.write(count: group.labels.count)
            for label in group.labels {
                record.write(label.name)
                record.write(label.value)
            }
        }
    }

    init(_ record: inout RecordReader) {
        for _ in 0..<record.count() {
            let model = record.text().string
            models.versions.append(
                Models.Expired.Version(model: model, version: record.text().string))
        }
        for _ in 0..<record.count() { models.models.append(record.text().string) }
        for _ in 0..<record.count() { models.producers.append(record.number()) }
        for _ in 0..<record.count() { producers.append(record.text().string) }
        for _ in 0..<record.count() {
            var labels: [(name: String, value: String)] = []
            for _ in 0..<record.count() {
                let name = record.text().string
                labels.append((name, record.text().string))
            }
            groups.append(GroupingKey(labels))
        }
    }
}

/// Forgets what has outlived its time once that survives.
final class ExpirySubmission: Submission {
    private let expired: Expired
    private let state: PushedState

    init(_ expired: Expired, of state: PushedState) {
        self.expired = expired
        self.state = state
    }

    /// What is pushed next begins at 0.
    var isAlone: Bool { true }

    func decide(into record: inout RecordWriter) {
        record.write(RecordKind.expired.rawValue)
        expired.write(to: &record)
    }

    func kept() { state.forget(expired) }

    /// It is still there, and tried again.
    func lost(_ error: StorageError) {}
}
