extension Span where Element == UInt8 {
    /// The whole text as an unsigned decimal number, else nil.
    package var unsigned: UInt64? {
        if isEmpty || self[0] &- 0x30 > 9 { return nil }
        var cursor = Cursor(self)
        guard let value = cursor.number(), cursor.isAtEnd else { return nil }
        return value
    }

    /// The whole text as a decimal number with an optional sign, else nil.
    package var signed: Int64? {
        Span.signed(self) { $0.unsigned }
    }

    /// The whole text as an integer in the base of its prefix, as C and Go write it: `0x1f`, `017` or
    /// `0o17`, `0b11`, else decimal; with an optional sign.
    package var prefixedInteger: Int64? {
        Span.signed(self) { $0.prefixedUnsigned }
    }

    /// As `prefixedInteger`, without a sign.
    package var prefixedUnsigned: UInt64? {
        guard count > 1, self[0] == 0x30 else { return unsigned }
        switch self[1] {
        case 0x78, 0x58: return extracting(droppingFirst: 2).number(base: 16)
        case 0x6F, 0x4F: return extracting(droppingFirst: 2).number(base: 8)
        case 0x62, 0x42: return extracting(droppingFirst: 2).number(base: 2)
        default: return extracting(droppingFirst: 1).number(base: 8)
        }
    }

    /// The whole text as a floating-point number, else nil.
    package var decimalNumber: Double? {
        if isEmpty || self[0].isWhiteSpace { return nil }
        var cursor = Cursor(self)
        guard let value = cursor.decimal(), cursor.isAtEnd else { return nil }
        return value
    }

    private static func signed(
        _ text: Span<UInt8>, magnitude: (Span<UInt8>) -> UInt64?
    ) -> Int64? {
        if text.isEmpty { return nil }
        let isNegative = text[0] == 0x2D
        let digits = isNegative || text[0] == 0x2B ? text.extracting(droppingFirst: 1) : text
        guard let value = magnitude(digits) else { return nil }
        if !isNegative { return Int64(exactly: value) }
        return value <= UInt64(Int64.max) + 1 ? Int64(truncatingIfNeeded: 0 &- value) : nil
    }

    private func number(base: UInt64) -> UInt64? {
        if isEmpty { return nil }
        var value: UInt64 = 0
        for index in 0..<count {
            guard let digit = self[index].hexadecimalValue, UInt64(digit) < base else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: base)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }
}
