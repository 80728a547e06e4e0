internal import Kernel

/// Numbers that the kernel abbreviates: `1.5k`.
enum HumanReadableNumber {
    /// As bcache writes them (bch_hprint in drivers/md/bcache/util.c): behind the point stands a
    /// number of 1/1024 divided by 100, not digits. A minus may stand in front.
    static func bcache(_ text: Span<UInt8>) -> Double? {
        if text.isEmpty { return nil }
        if text[0] == 0x2D {
            let digits = text.extracting(droppingFirst: 1)
            return digits.starts(with: "-") ? nil : bcache(digits).map { -$0 }
        }
        guard let factor = factor(text[text.count - 1]) else {
            return text.decimalNumber.flatMap { whole($0) }
        }
        var digits = Cursor(text.extracting(first: text.count - 1))
        guard let integer = digits.number() else { return nil }
        var value = Double(integer)
        if digits.take(".") {
            guard let fraction = digits.number() else { return nil }
            value += Double(fraction) / 10.24
        }
        return digits.isAtEnd ? whole(value * factor) : nil
    }

    /// As bcachefs writes them (bch2_prt_human_readable_u64): a decimal fraction and a letter.
    static func bcachefs(_ text: Span<UInt8>) -> Double? {
        let text = text.trimmed
        if text.isEmpty { return nil }
        guard let factor = factor(text[text.count - 1]) else {
            return text.decimalNumber.flatMap { whole($0) }
        }
        let number = text.extracting(first: text.count - 1).trimmed.decimalNumber
        return number.flatMap { whole($0 * factor) }
    }

    /// The number that a counter of bcachefs has reached since the file system was made.
    static func sinceCreation(_ text: Span<UInt8>) -> Double? {
        var lines = Cursor(text)
        while var line = lines.line() {
            if line.take("since filesystem creation:") { return bcachefs(line.rest) }
        }
        return nil
    }

    private static func factor(_ letter: UInt8) -> Double? {
        var factor = 1.0
        for unit in "kmgtpezy".utf8 {
            factor *= 1024
            if letter | 0x20 == unit { return factor }
        }
        return nil
    }

    /// Without its fraction; nil for what is no number of bytes.
    private static func whole(_ value: Double) -> Double? {
        value.isFinite && value >= 0 ? value.rounded(.down) : nil
    }
}
