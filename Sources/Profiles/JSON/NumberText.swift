internal import CText
internal import Kernel

/// Numbers as CSV files and categories write them.
package enum NumberText {
    /// The value of a decimal number that fills the text; beyond the range of a double it is infinite.
    /// Nil for anything else, also for the names of infinity and NaN.
    @inline(__always)
    package static func value(_ text: Span<UInt8>) -> Double? {
        var value = 0.0
        let isNumber = unsafe text.withUnsafeBufferPointer { bytes in
            unsafe ctext_parse_number(bytes.baseAddress, bytes.count, &value)
        }
        return isNumber ? value : nil
    }

    /// As `value`, and also `inf`, `infinity`, `nan` in any case with a sign, and blanks around a number.
    /// NaN represents a missing value.
    package static func field(_ text: Span<UInt8>) -> Double? {
        if let value = value(text) { return value }
        let trimmed = text.trimmed
        if trimmed.isEmpty { return nil }
        if trimmed.count < text.count, let value = value(trimmed) { return value }
        let isSigned = trimmed[0] == UInt8(ascii: "-") || trimmed[0] == UInt8(ascii: "+")
        let word = isSigned ? trimmed.extracting(droppingFirst: 1) : trimmed
        if word.equalsIgnoringCase("inf") || word.equalsIgnoringCase("infinity") {
            return trimmed[0] == UInt8(ascii: "-") ? -.infinity : .infinity
        }
        return word.equalsIgnoringCase("nan") ? .nan : nil
    }

    /// The shortest text that reads back as the same number, as ECMAScript prints it: what a number is as
    /// a category.
    package static func shortest(_ value: Double) -> String {
        if !value.isFinite { return value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity" }
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(ctext_number_capacity)) {
            target, count in
            count = unsafe target.baseAddress.map { unsafe ctext_ecmascript_number(value, $0) } ?? 0
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Calls `body` with the bytes of `shortest` of a finite value, without an allocation.
    package static func withShortest<Result>(
        _ value: Double, _ body: (Span<UInt8>) -> Result
    ) -> Result {
        precondition(value.isFinite)
        return unsafe withUnsafeTemporaryAllocation(
            of: UInt8.self, capacity: Int(ctext_number_capacity)
        ) { target in
            let count =
                unsafe target.baseAddress.map { unsafe ctext_ecmascript_number(value, $0) } ?? 0
            return unsafe body(Span(_unsafeElements: target).extracting(first: count))
        }
    }
}
