internal import Exposition
internal import Kernel

/// A group as it was at one time: to be kept, or to be put back.
public struct GroupImage: Sendable {
    public let key: GroupingKey
    let families: [RenderedFamily]
    /// Unix seconds; 0 for never.
    let pushed: Double
    let failed: Double
    /// Seconds of the lasting clock when the group ends; infinite for never.
    let end: Double

    // MARK: Bytes

    /// What the bytes begin with: the version of their form.
    private static let form: UInt64 = 1

    /// Appends the image as bytes, which mean the same to every later version of the daemon: labels
    /// and times, then the samples in text 0.0.4.
    public func encode(into bytes: inout [UInt8]) {
        var record = RecordWriter(bytes)
        record.write(GroupImage.form)
        record.write(count: key.labels.count)
        for label in key.labels {
            record.write(label.name)
            record.write(label.value)
        }
        for time in [pushed, failed, end] { record.write(time) }
        var page = Page(format: .text, body: Buffer(capacity: 1024))
        var index = FamilyIndex()
        for family in families { index.put(family, of: 0) }
        page.invite(index)
        page.finish()
        record.write(page.bytes)
        bytes = record.bytes
    }

    /// Reads the bytes of an image; nil when they are none.
    public init?(decoding bytes: Span<UInt8>) {
        var record = RecordReader(bytes)
        guard record.number() == GroupImage.form else { return nil }
        var labels: [(name: String, value: String)] = []
        for _ in 0..<record.count() {
            let name = record.text()
            guard LabelSet.isValidName(name) else { return nil }
            labels.append((name.string, record.text().string))
        }
        pushed = record.double()
        failed = record.double()
        end = record.double()
        let text = record.text()
        guard !record.isDamaged, record.isAtEnd, let batch = try? TextParser.parse(text) else {
            return nil
        }
        // The labels of the group stand in the lines already.
        var limits = LabelLimits()
        limits.labels = .max
        limits.nameBytes = .max
        limits.valueBytes = .max
        var renderer = FamilyRenderer(limits: limits)
        guard let families = try? renderer.render(batch) else { return nil }
        self.families = families
        key = GroupingKey(labels)
    }

    init(
        key: GroupingKey, families: [RenderedFamily], pushed: Double, failed: Double, end: Double
    ) {
        self.key = key
        self.families = families
        self.pushed = pushed
        self.failed = failed
        self.end = end
    }
}
