internal import CText

/// A position in untrusted text: kernel text, a header, a query.
///
/// Each step returns nil when the text does not have the requested form; no input traps.
package struct Cursor: ~Escapable {
    package private(set) var rest: Span<UInt8>

    @_lifetime(copy text)
    package init(_ text: Span<UInt8>) {
        rest = text
    }

    package var isAtEnd: Bool { rest.isEmpty }

    /// The next byte, which is not consumed.
    package var peek: UInt8? { rest.isEmpty ? nil : rest[0] }

    /// The text up to the next line feed or the end, without it; nil at the end.
    @_lifetime(copy self)
    package mutating func line() -> Cursor? {
        if rest.isEmpty { return nil }
        let length = rest.offset(of: 0x0A) ?? rest.count
        let line = rest.extracting(first: length)
        rest = rest.extracting(droppingFirst: min(length + 1, rest.count))
        return Cursor(line)
    }

    /// Skips blanks and tabs.
    @_lifetime(self: copy self)
    package mutating func skipBlanks() {
        var skipped = 0
        while skipped < rest.count, rest[skipped] == 0x20 || rest[skipped] == 0x09 { skipped += 1 }
        rest = rest.extracting(droppingFirst: skipped)
    }

    /// Skips blanks, then reads the bytes up to the next blank or the end; nil if only blanks are left.
    @_lifetime(copy self)
    package mutating func word() -> Span<UInt8>? {
        skipBlanks()
        var length = 0
        while length < rest.count, rest[length] != 0x20, rest[length] != 0x09 { length += 1 }
        if length == 0 { return nil }
        let word = rest.extracting(first: length)
        rest = rest.extracting(droppingFirst: length)
        return word
    }

    /// Reads the bytes before the next `byte` and skips that byte; nil if the text has none.
    @_lifetime(copy self)
    package mutating func text(before byte: UInt8) -> Span<UInt8>? {
        guard let length = rest.offset(of: byte) else { return nil }
        let text = rest.extracting(first: length)
        rest = rest.extracting(droppingFirst: length + 1)
        return text
    }

    /// Reads the bytes before the next `byte` and skips that byte, or the rest if the text has none.
    @_lifetime(copy self)
    package mutating func part(endedBy byte: UInt8) -> Span<UInt8> {
        let length = rest.offset(of: byte) ?? rest.count
        let text = rest.extracting(first: length)
        rest = rest.extracting(droppingFirst: min(length + 1, rest.count))
        return text
    }

    /// Skips `literal` if it is next; returns whether it was.
    @_lifetime(self: copy self)
    package mutating func take(_ literal: StaticString) -> Bool {
        guard rest.starts(with: literal) else { return false }
        rest = rest.extracting(droppingFirst: literal.utf8CodeUnitCount)
        return true
    }

    /// Skips blanks, then reads an unsigned decimal number; nil if no digit is next or the number does
    /// not fit 64 bits. Bytes behind the digits are not consumed.
    @_lifetime(self: copy self)
    package mutating func number() -> UInt64? {
        skipBlanks()
        var value: UInt64 = 0
        var length = 0
        while length < rest.count {
            let digit = rest[length] &- 0x30
            if digit > 9 { break }
            if length < 19 {
                value = value &* 10 &+ UInt64(digit)
            } else {
                let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
                let (sum, carry) = tenfold.addingReportingOverflow(UInt64(digit))
                if overflow || carry { return nil }
                value = sum
            }
            length += 1
        }
        if length == 0 { return nil }
        rest = rest.extracting(droppingFirst: length)
        return value
    }

    /// As `number`, for a value that must end at a blank or at the end of the text.
    @_lifetime(self: copy self)
    package mutating func field() -> UInt64? {
        guard let value = number() else { return nil }
        if let next = peek, next != 0x20, next != 0x09 { return nil }
        return value
    }

    /// Skips blanks, then reads a hexadecimal number without a prefix; nil as in `number`.
    @_lifetime(self: copy self)
    package mutating func hexadecimal() -> UInt64? {
        skipBlanks()
        var value: UInt64 = 0
        var length = 0
        while length < rest.count, let digit = rest[length].hexadecimalValue {
            if value >> 60 != 0 { return nil }
            value = value << 4 | UInt64(digit)
            length += 1
        }
        if length == 0 { return nil }
        rest = rest.extracting(droppingFirst: length)
        return value
    }

    /// Skips blanks, then reads a decimal floating-point number; nil if none is next.
    @_lifetime(self: copy self)
    package mutating func decimal() -> Double? {
        skipBlanks()
        var value = 0.0
        let consumed = unsafe rest.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return 0 }
            return unsafe ctext_parse_double(start, bytes.count, &value)
        }
        if consumed == 0 { return nil }
        rest = rest.extracting(droppingFirst: consumed)
        return value
    }
}
