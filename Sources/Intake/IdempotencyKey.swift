internal import Kernel

/// Which batch of which producer a push is: the headers `Producer-Id`, `Producer-Start` and
/// `Batch-Sequence`.
package struct IdempotencyKey: Sendable, Equatable {
    /// Why the headers are invalid, as a sentence.
    package struct Problem: Error, Equatable {
        package let sentence: String
    }

    /// 1 to 255 bytes.
    package let producer: String
    /// When the producer's process started, in nanoseconds since 1970.
    package let start: UInt64
    /// From 1.
    package let sequence: UInt64

    package init(producer: String, start: UInt64, sequence: UInt64) {
        self.producer = producer
        self.start = start
        self.sequence = sequence
    }

    /// Nil when none of the headers is there; all three belong together.
    package static func read(
        producer: Span<UInt8>?, start: Span<UInt8>?, sequence: Span<UInt8>?
    ) throws(Problem) -> IdempotencyKey? {
        if producer == nil, start == nil, sequence == nil { return nil }
        guard let producer, let start, let sequence else {
            throw Problem(
                sentence: "Producer-Id, Producer-Start and Batch-Sequence belong together")
        }
        guard let id = identifier(producer.trimmed) else {
            throw Problem(sentence: "Producer-Id must have 1 to 255 bytes of UTF-8")
        }
        guard let nanoseconds = nanoseconds(start.trimmed) else {
            throw Problem(
                sentence: "Producer-Start must be a decimal number of Unix seconds: 1795219000.25")
        }
        guard let number = number(sequence.trimmed), number > 0 else {
            throw Problem(sentence: "Batch-Sequence must be a whole number from 1")
        }
        return IdempotencyKey(producer: id, start: nanoseconds, sequence: number)
    }

    private static func identifier(_ text: Span<UInt8>) -> String? {
        guard !text.isEmpty, text.count <= 255 else { return nil }
        let string = text.string
        // A byte that is no UTF-8 has become another character.
        return string.utf8.elementsEqual(text.copied) ? string : nil
    }

    private static func number(_ text: Span<UInt8>) -> UInt64? {
        if text.isEmpty || text.count > 19 { return nil }
        var value: UInt64 = 0
        for index in text.indices {
            guard text[index] >= 0x30, text[index] <= 0x39 else { return nil }
            value = value * 10 + UInt64(text[index] - 0x30)
        }
        return value
    }

    /// Digits, and perhaps a point and digits; those after the ninth are not looked at.
    private static func nanoseconds(_ text: Span<UInt8>) -> UInt64? {
        let point = text.offset(of: UInt8(ascii: ".")) ?? text.count
        guard point <= 10, let seconds = number(text.extracting(first: point)) else { return nil }
        var nanoseconds = seconds * 1_000_000_000
        if point == text.count { return nanoseconds }
        if point + 1 == text.count { return nil }
        var worth: UInt64 = 100_000_000
        for index in point + 1..<text.count {
            guard text[index] >= 0x30, text[index] <= 0x39 else { return nil }
            nanoseconds += UInt64(text[index] - 0x30) * worth
            worth /= 10
        }
        return nanoseconds
    }
}
