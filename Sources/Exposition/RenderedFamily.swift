internal import CText
internal import Kernel

/// The samples that one owner has of one family, as they stand on a page.
public final class RenderedFamily: Sendable {
    public let family: Family
    /// Lines, each `name{labels} value` and a line feed.
    let text: [UInt8]
    /// Where each line ends.
    let ends: [Int32]
    /// What makes each line's series.
    public let identities: [UInt64]

    init(_ family: Family, text: [UInt8], ends: [Int32], identities: [UInt64]) {
        self.family = family
        self.text = text
        self.ends = ends
        self.identities = identities
    }

    /// Series, each bucket of a histogram counted.
    public var count: Int { identities.count }

    /// The bytes that it takes.
    public var byteCount: Int { text.count + count * 12 }

    @_lifetime(borrow self)
    func line(_ index: Int) -> Span<UInt8> {
        text.span.extracting((index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index]))
    }
}

/// Lines under construction.
struct RenderedLines {
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

    /// Ends a line with its value.
    @inline(__always)
    mutating func end(_ value: Double, identity: UInt64) {
        var digits = InlineArray<32, UInt8>(repeating: 0)
        let length = unsafe digits.mutableSpan.withUnsafeMutableBufferPointer { digits in
            digits.baseAddress.map { unsafe ctext_number(value, $0) } ?? 0
        }
        append(0x20)
        append(digits.span.extracting(first: length))
        append(0x0A)
        ends.append(Int32(truncatingIfNeeded: text.count))
        identities.append(identity)
    }

    /// Takes over a line that is there already.
    mutating func append(line: Span<UInt8>, identity: UInt64) {
        append(line)
        ends.append(Int32(truncatingIfNeeded: text.count))
        identities.append(identity)
    }

    /// Takes over the name and labels of a line, with another value.
    mutating func append(line: Span<UInt8>, value: Double, identity: UInt64) {
        let blank = line.lastOffset(of: 0x20) ?? line.count
        append(line.extracting(first: blank))
        end(value, identity: identity)
    }
}
