internal import Glibc

extension Span where Element == UInt8 {
    /// The position of the first `byte`, or nil.
    package func offset(of byte: UInt8) -> Int? {
        unsafe withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress,
                let found = unsafe memchr(start, Int32(byte), bytes.count)
            else { return nil }
            return unsafe start.distance(to: found)
        }
    }

    /// The position of the last `byte`, or nil.
    package func lastOffset(of byte: UInt8) -> Int? {
        var index = count
        while index > 0 {
            index -= 1
            if self[index] == byte { return index }
        }
        return nil
    }

    package func starts(with literal: StaticString) -> Bool {
        let length = literal.utf8CodeUnitCount
        if count < length { return false }
        for index in 0..<length where unsafe self[index] != literal.utf8Start[index] {
            return false
        }
        return true
    }

    package func equals(_ literal: StaticString) -> Bool {
        count == literal.utf8CodeUnitCount && starts(with: literal)
    }

    /// As `equals`, with ASCII letters of either case; `literal` is in lower case.
    package func equalsIgnoringCase(_ literal: StaticString) -> Bool {
        if count != literal.utf8CodeUnitCount { return false }
        for index in 0..<count {
            let byte = self[index]
            let lower = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
            if unsafe lower != literal.utf8Start[index] { return false }
        }
        return true
    }

    package func equals(_ other: Span<UInt8>) -> Bool {
        if count != other.count { return false }
        return unsafe withUnsafeBytes { mine in
            unsafe other.withUnsafeBytes { theirs in
                guard let first = mine.baseAddress, let second = theirs.baseAddress else {
                    return true
                }
                return unsafe memcmp(first, second, mine.count) == 0
            }
        }
    }

    package func equals(_ other: [UInt8]) -> Bool {
        equals(other.span)
    }

    /// Whether it sorts before `other`, byte by byte.
    package func precedes(_ other: Span<UInt8>) -> Bool {
        for index in 0..<Swift.min(count, other.count) where self[index] != other[index] {
            return self[index] < other[index]
        }
        return count < other.count
    }

    /// Without white space (blank, tab, line feed, carriage return) at both ends.
    package var trimmed: Span<UInt8> {
        @_lifetime(copy self)
        get {
            var first = 0
            var last = count
            while first < last, self[first].isWhiteSpace { first += 1 }
            while last > first, self[last - 1].isWhiteSpace { last -= 1 }
            return extracting(first..<last)
        }
    }

    /// A copy.
    package var copied: [UInt8] {
        // All empty arrays share one object, and `initialized` below would write its count: a data race.
        if isEmpty { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            for index in 0..<count { unsafe target.initializeElement(at: index, to: self[index]) }
            initialized = count
        }
    }

    /// A copy as a string; invalid UTF-8 becomes U+FFFD.
    package var string: String {
        unsafe withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

extension UInt8 {
    var isWhiteSpace: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0D) }

    /// The value of an ASCII hexadecimal digit, nil for another byte.
    package var hexadecimalValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x41 + 10
        case 0x61...0x66: self - 0x61 + 10
        default: nil
        }
    }
}
