internal import Groups
internal import Kernel
internal import Model
internal import Wire

/// The models, groups and producers that have expired.
struct ExpiredItems {
    var models = Models.ExpiredItems()
    var groups: [GroupingKey] = []
    /// Producers that push with an idempotency key.
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
