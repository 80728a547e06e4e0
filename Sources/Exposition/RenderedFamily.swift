internal import CText
package import Kernel

/// One owner's samples of a family, rendered as lines of the text formats.
package final class RenderedFamily: Sendable {
    package let family: Family
    /// The lines: `name{labels} value` and a line feed.
    let text: [UInt8]
    /// Where each line ends.
    let ends: [Int32]
    /// The hash of each line's series.
    package let identities: [UInt64]
    /// The lines with values that OpenMetrics forbids, in order: usually none. Text 0.0.4 and protobuf
    /// have them.
    let forbiddenLines: [Range<Int>]

    init(_ family: Family, text: [UInt8], ends: [Int32], identities: [UInt64]) {
        self.family = family
        self.text = text
        self.ends = ends
        self.identities = identities
        forbiddenLines = OpenMetricsValues(family: family, text: text, ends: ends).forbiddenLines
    }

    /// Series, each bucket of a histogram counted.
    package var count: Int { identities.count }

    /// What it takes of a limit of bytes, approximately: its memory, and its lines again for a page that
    /// shows them and for the page's compressed form.
    package var byteCount: Int { memoryBytes + 2 * text.count }

    /// The memory that it takes, approximately.
    package var memoryBytes: Int {
        RenderedFamily.memoryBytes(lines: count, textBytes: text.count)
            + family.header.count + family.openMetricsHeader.count
    }

    /// The objects and arrays of a family, and its places in a group and in the index: measured with
    /// 90,000 families of one series.
    private static let objectBytes = 512
    /// A line's position and hash, and its place in the set of all series.
    private static let lineBytes = 44

    static func memoryBytes(lines: Int, textBytes: Int) -> Int {
        objectBytes + lines * lineBytes + textBytes
    }

    static func byteCount(lines: Int, textBytes: Int) -> Int {
        memoryBytes(lines: lines, textBytes: textBytes) + 2 * textBytes
    }

    /// The position of a line in `text`, including its line feed.
    func line(_ index: Int) -> Range<Int> {
        (index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index])
    }

    /// The position of a line's name and labels in `text`.
    func head(_ line: Int) -> Range<Int> {
        let range = self.line(line)
        let text = self.text
        let blank = text.span.extracting(range).lastOffset(of: 0x20) ?? 0
        return range.lowerBound..<range.lowerBound + blank
    }

    /// A line's name and labels.
    package func series(_ line: Int) -> String {
        let text = self.text
        return text.span.extracting(head(line)).string
    }

    /// A line's value. It is kept as text only: a page of text, the usual case, copies it.
    func value(_ line: Int) -> Double {
        let text = self.text
        let start = head(line).upperBound + 1
        return FloatText.value(of: text.span.extracting(start..<self.line(line).upperBound - 1))
            ?? .nan
    }

    /// Appends HELP, TYPE and the lines in text 0.0.4.
    package func appendText(to buffer: inout Buffer) {
        buffer.append(family.header)
        buffer.append(text)
    }
}

/// Lines under construction.
struct LineBuilder {
    private(set) var text: [UInt8] = []
    private(set) var ends: [Int32] = []
    private(set) var identities: [UInt64] = []

    mutating func reserve(_ lines: Int, bytes: Int) {
        text.reserveCapacity(bytes)
        ends.reserveCapacity(lines)
        identities.reserveCapacity(lines)
    }

    @inline(__always)
    mutating func append(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe text.append(contentsOf: $0) }
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        text.append(byte)
    }

    /// Writes `opening` (a brace or a comma) and `name="value"`, with the value escaped.
    mutating func append(
        label name: Span<UInt8>, value: Span<UInt8>, opening: UInt8,
        hasher: inout SeriesHasher
    ) {
        append(opening)
        append(name)
        append(0x3D)
        append(0x22)
        let start = text.count
        var plain = 0
        for index in value.indices {
            let byte = value[index]
            guard byte == 0x5C || byte == 0x0A || byte == 0x22 else { continue }
            append(value.extracting(plain..<index))
            append(0x5C)
            append(byte == 0x0A ? 0x6E : byte)
            plain = index + 1
        }
        append(value.extracting(droppingFirst: plain))
        hasher.add(name: name, value: text.span.extracting(droppingFirst: start))
        append(0x22)
    }

    /// Ends a line with its value.
    @inline(__always)
    mutating func end(_ value: Double, identity: UInt64) {
        var digits = InlineArray<32, UInt8>(repeating: 0)
        var span = digits.mutableSpan
        let length = unsafe span.withUnsafeMutableBufferPointer { digits in
            unsafe digits.baseAddress.map { unsafe ctext_number(value, $0) } ?? 0
        }
        append(0x20)
        append(digits.span.extracting(first: length))
        append(0x0A)
        ends.append(Int32(truncatingIfNeeded: text.count))
        identities.append(identity)
    }

    /// Copies a rendered line.
    mutating func append(line: Span<UInt8>, identity: UInt64) {
        append(line)
        ends.append(Int32(truncatingIfNeeded: text.count))
        identities.append(identity)
    }

    /// Copies the name and labels of a rendered line and writes another value.
    mutating func append(line: Span<UInt8>, value: Double, identity: UInt64) {
        let blank = line.lastOffset(of: 0x20) ?? line.count
        append(line.extracting(first: blank))
        end(value, identity: identity)
    }
}
