extension Cursor {
    /// Skips blanks, then reads a decimal number with an optional minus sign that ends at a blank or at
    /// the end of the text; nil otherwise, or when the digits do not fit 64 bits.
    @_lifetime(self: copy self)
    package mutating func signedField() -> Double? {
        skipBlanks()
        let isNegative = take("-")
        guard let next = peek, next &- 0x30 <= 9, let magnitude = field() else { return nil }
        return isNegative ? -Double(magnitude) : Double(magnitude)
    }

    /// Skips blanks, then reads a hexadecimal number that must end at a blank or at the end.
    @_lifetime(self: copy self)
    package mutating func hexadecimalField() -> UInt64? {
        guard let value = hexadecimal() else { return nil }
        if let next = peek, next != 0x20, next != 0x09 { return nil }
        return value
    }
}
