internal import Kernel

/// Numbers as Go's strconv.ParseFloat reads them for the text format: decimals, `NaN` without a
/// sign, `Inf` and `Infinity` with or without one, letters of either case. No hexadecimal digits and
/// no underscores.
enum FloatText {
    /// The number, or nil if the text is not one or is beyond the range of a double. A number that is too
    /// small for a double is zero.
    static func value(of text: Span<UInt8>) -> Double? {
        var start = 0
        var isNegative = false
        if let first = text.isEmpty ? nil : text[0], first == 0x2B || first == 0x2D {
            isNegative = first == 0x2D
            start = 1
        }
        let digits = text.extracting(droppingFirst: start)
        if digits.isEmpty { return nil }
        if digits[0] > 0x39 {
            if digits.equalsIgnoringCase("inf") || digits.equalsIgnoringCase("infinity") {
                return isNegative ? -.infinity : .infinity
            }
            return start == 0 && digits.equalsIgnoringCase("nan") ? .nan : nil
        }
        guard let shape = Shape(digits) else { return nil }
        if shape.isShortInteger {
            var value: UInt64 = 0
            for index in digits.indices { value = value &* 10 &+ UInt64(digits[index] &- 0x30) }
            return isNegative ? -Double(value) : Double(value)
        }
        var cursor = Cursor(digits)
        guard let value = cursor.decimal() else {
            // The syntax is right, so the number is too large or too small for a double.
            return shape.isBelowOne ? (isNegative ? -0.0 : 0) : nil
        }
        return cursor.isAtEnd ? (isNegative ? -value : value) : nil
    }

    /// What the digits of a number look like: `digits[.digits][e[sign]digits]`.
    private struct Shape {
        let isShortInteger: Bool
        let isBelowOne: Bool

        init?(_ text: Span<UInt8>) {
            var index = 0
            var whole = 0
            var fraction = 0
            // The place of the first digit that is not zero: 1 for units, 0 for tenths.
            var magnitude: Int?
            while index < text.count, text[index] &- 0x30 <= 9 {
                if magnitude == nil, text[index] != 0x30 { magnitude = -whole }
                whole += 1
                index += 1
            }
            if let first = magnitude { magnitude = whole + first }
            if index < text.count, text[index] == 0x2E {
                index += 1
                while index < text.count, text[index] &- 0x30 <= 9 {
                    if magnitude == nil, text[index] != 0x30 { magnitude = -fraction }
                    fraction += 1
                    index += 1
                }
            }
            if whole + fraction == 0 { return nil }
            isShortInteger = index == text.count && fraction == 0 && whole == index && whole <= 15
            var exponent = 0
            if index < text.count, text[index] | 0x20 == 0x65 {
                index += 1
                var isNegative = false
                if index < text.count, text[index] == 0x2B || text[index] == 0x2D {
                    isNegative = text[index] == 0x2D
                    index += 1
                }
                let first = index
                while index < text.count, text[index] &- 0x30 <= 9 {
                    exponent = min(exponent &* 10 &+ Int(text[index] &- 0x30), 1 << 40)
                    index += 1
                }
                if index == first { return nil }
                if isNegative { exponent = -exponent }
            }
            if index != text.count { return nil }
            isBelowOne = (magnitude ?? -1) + exponent < 1
        }
    }
}

extension FloatText {
    /// Whether the text is a decimal integer that fits 64 bits, with or without a sign.
    static func isInteger(_ text: Span<UInt8>) -> Bool {
        let isSigned = !text.isEmpty && (text[0] == 0x2B || text[0] == 0x2D)
        var digits = Cursor(text.extracting(droppingFirst: isSigned ? 1 : 0))
        if !digits.isAtEnd, digits.rest[0] &- 0x30 > 9 { return false }
        guard let value = digits.number(), digits.isAtEnd else { return false }
        return value <= UInt64(Int64.max) + (isSigned && text[0] == 0x2D ? 1 : 0)
    }
}
