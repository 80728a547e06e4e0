internal import Groups
internal import Intake
internal import Journal
internal import Kernel
internal import Model
internal import Observation

/// What has been pushed, as the journal keeps it.
struct PushedState: JournalState {
    let groups: GroupStore
    let models: Models
    let producers: Producers

    private enum Section {
        static let models = "models"
        static let producers = "producers"
        static let group = "group"
    }

    func reset() {
        models.removeAll()
        producers.reset()
        groups.removeAll()
    }

    func restore(_ name: String, _ body: Span<UInt8>) -> Bool {
        switch name {
        case Section.models:
            var reader = RecordReader(body)
            return models.read(&reader)
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
        var writer = RecordWriter()
        models.write(to: &writer)
        var sections = [
            Snapshot.Section(Section.models, writer.bytes),
            Snapshot.Section(Section.producers, producers.snapshot()),
        ]
        for image in groups.images() {
            var bytes: [UInt8] = []
            image.encode(into: &bytes)
            sections.append(Snapshot.Section(Section.group, bytes))
        }
        return sections
    }

    func replay(_ record: Span<UInt8>) -> Bool {
        var reader = RecordReader(record)
        guard let kind = RecordKind(rawValue: reader.number()) else { return false }
        switch kind {
        case .events:
            note(reader.stamp())
            var batch = Batch()
            return batch.read(&reader) && models.replay(batch, &reader)
        case .group:
            note(reader.stamp())
            guard let image = GroupImage(decoding: reader.text()) else { return false }
            groups.restore(image)
        case .deletedGroup:
            note(reader.stamp())
            guard let image = GroupImage(decoding: reader.text()) else { return false }
            groups.remove(image.key)
        case .retired:
            let (model, version) = (reader.text().string, reader.text().string)
            _ = models.retire(model: model, version: version)
        case .forgotten:
            if let number = producers.forget(reader.text().string) {
                models.forget(producer: number)
            }
        }
        return !reader.isDamaged
    }

    private func note(_ batch: (stamp: BatchStamp, number: UInt64)?) {
        guard let batch else { return }
        producers.replay(batch.stamp, as: batch.number, now: Clock.monotonicNanoseconds)
    }
}
