extension Cursor {
    /// Skips blanks, then takes a decimal number, with or without a minus, that ends at a blank or at
    /// the end of the text; nil otherwise, or when its digits do not fit 64 bits.
    @_lifetime(self: copy self)
    public mutating func signedField() -> Double? {
        skipBlanks()
        let isNegative = take("-")
        guard let next = peek, next &- 0x30 <= 9, let magnitude = field() else { return nil }
        return isNegative ? -Double(magnitude) : Double(magnitude)
    }

    /// Skips blanks, then takes a number that fills the rest: a minus or none, `0x` and hexadecimal
    /// digits or decimal ones. Kernel attributes mix both forms.
    @_lifetime(self: copy self)
    public mutating func integer() -> Int64? {
        skipBlanks()
        let isNegative = take("-")
        let isHexadecimal = take("0x") || take("0X")
        // The number itself must not skip blanks a second time.
        guard let next = peek, next.hexadecimalValue != nil,
            let magnitude = isHexadecimal ? hexadecimal() : number(), isAtEnd
        else { return nil }
        return Cursor.signed(magnitude, isNegative: isNegative)
    }

    /// Skips blanks, then takes a hexadecimal number that must end at a blank or at the end.
    @_lifetime(self: copy self)
    public mutating func hexadecimalField() -> UInt64? {
        guard let value = hexadecimal() else { return nil }
        if let next = peek, next != 0x20, next != 0x09 { return nil }
        return value
    }

    private static func signed(_ magnitude: UInt64, isNegative: Bool) -> Int64? {
        if !isNegative { return Int64(exactly: magnitude) }
        return magnitude == 1 << 63 ? .min : Int64(exactly: magnitude).map { -$0 }
    }
}
