internal import Exposition
internal import Kernel
internal import Wire

/// A group at one point in time: a section of a snapshot.
package struct GroupImage: Sendable {
    package let key: GroupingKey
    let families: [RenderedFamily]
    /// Unix seconds; 0 for never.
    let pushedSeconds: Double
    let failedSeconds: Double
    /// When the group expires, in seconds on `PersistentClock`; infinite for never.
    let end: Double

    // MARK: Bytes

    /// What the bytes begin with: the version of their form.
    private static let form: UInt64 = 1

    /// Appends the image as bytes, which mean the same to every later version of the daemon: labels
    /// and times, then the samples in text 0.0.4.
    package func encode(into bytes: inout [UInt8]) {
        var record = ByteWriter(bytes)
        record.write(GroupImage.form)
        key.write(to: &record)
        for time in [pushedSeconds, failedSeconds, end] { record.write(time) }
        var text = Buffer(capacity: 1024)
        RenderedFamily.append(families, to: &text)
        record.write(text.bytes)
        bytes = record.bytes
    }

    /// Decodes an image; nil if the bytes are not a valid image.
    package init?(decoding bytes: Span<UInt8>) {
        var record = ByteReader(bytes)
        guard record.number() == GroupImage.form, let key = GroupingKey(&record) else {
            return nil
        }
        self.key = key
        pushedSeconds = record.double()
        failedSeconds = record.double()
        end = record.double()
        let text = record.text()
        guard !record.isDamaged, record.isAtEnd,
            let families = RenderedFamily.families(of: text)
        else { return nil }
        self.families = families
    }

    init(
        key: GroupingKey, families: [RenderedFamily], pushedSeconds: Double,
        failedSeconds: Double, end: Double
    ) {
        self.key = key
        self.families = families
        self.pushedSeconds = pushedSeconds
        self.failedSeconds = failedSeconds
        self.end = end
    }
}
