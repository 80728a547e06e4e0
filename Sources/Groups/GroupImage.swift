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

    private static let version: UInt8 = 1

    /// Appends the image as bytes, which mean the same to every later version of the daemon: labels
    /// and times, then the samples in text 0.0.4.
    public func encode(into bytes: inout [UInt8]) {
        bytes.append(GroupImage.version)
        GroupImage.append(UInt64(key.labels.count), to: &bytes)
        for label in key.labels {
            GroupImage.append(Array(label.name.utf8), to: &bytes)
            GroupImage.append(Array(label.value.utf8), to: &bytes)
        }
        for number in [pushed, failed, end] { GroupImage.append(number.bitPattern, to: &bytes) }
        var page = Page(format: .text, body: Buffer(capacity: 1024))
        var index = FamilyIndex()
        for family in families { index.put(family, of: 0) }
        page.invite(index)
        page.finish()
        GroupImage.append(page.bytes.copied, to: &bytes)
    }

    /// Reads the bytes of an image; nil when they are none.
    public init?(decoding bytes: Span<UInt8>) {
        var rest = Cursor(bytes)
        guard rest.rest.count >= 1, rest.rest[0] == GroupImage.version else { return nil }
        rest = Cursor(rest.rest.extracting(droppingFirst: 1))
        guard let count = GroupImage.number(&rest), count <= 1_000 else { return nil }
        var labels: [(name: String, value: String)] = []
        for _ in 0..<Int(count) {
            guard let name = GroupImage.text(&rest), let value = GroupImage.text(&rest),
                LabelSet.isValidName(name.span)
            else { return nil }
            labels.append((name.span.string, value.span.string))
        }
        guard let pushed = GroupImage.number(&rest), let failed = GroupImage.number(&rest),
            let end = GroupImage.number(&rest), let text = GroupImage.text(&rest), rest.isAtEnd,
            let batch = try? TextParser.parse(text.span)
        else { return nil }
        // The labels of the group stand in the lines already.
        var limits = LabelLimits()
        limits.labels = .max
        limits.nameBytes = .max
        limits.valueBytes = .max
        var renderer = FamilyRenderer(limits: limits)
        guard let families = try? renderer.render(batch) else { return nil }
        self.families = families
        key = GroupingKey(labels)
        self.pushed = Double(bitPattern: pushed)
        self.failed = Double(bitPattern: failed)
        self.end = Double(bitPattern: end)
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

    private static func append(_ number: UInt64, to bytes: inout [UInt8]) {
        for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(8 * shift))) }
    }

    private static func append(_ text: [UInt8], to bytes: inout [UInt8]) {
        append(UInt64(text.count), to: &bytes)
        bytes += text
    }

    private static func number(_ rest: inout Cursor) -> UInt64? {
        let bytes = rest.rest
        guard bytes.count >= 8 else { return nil }
        var number: UInt64 = 0
        for index in 0..<8 { number |= UInt64(bytes[index]) << UInt64(8 * index) }
        rest = Cursor(bytes.extracting(droppingFirst: 8))
        return number
    }

    private static func text(_ rest: inout Cursor) -> [UInt8]? {
        guard let count = number(&rest), count <= UInt64(rest.rest.count) else { return nil }
        let text = rest.rest.extracting(first: Int(count)).copied
        rest = Cursor(rest.rest.extracting(droppingFirst: Int(count)))
        return text
    }
}
