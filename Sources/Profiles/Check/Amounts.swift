internal import Kernel
internal import Statistics

/// Numbers for people.
package enum Amounts {
    /// A count with commas: 4,210.
    package static func count(_ count: Int) -> String {
        let digits = String(abs(count))
        var text = count < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// A share of 1 in per cent with two significant digits at most: 31 %, 0.12 %.
    package static func percent(_ share: Double) -> String {
        let percent = share * 100
        if percent == 0 { return "0 %" }
        if percent >= 99.5, percent < 100 { return "more than 99 %" }
        if percent < 0.001 { return "less than 0.001 %" }
        return
            "\(rounded(percent, digits: percent >= 10 ? 0 : percent >= 1 ? 1 : percent >= 0.1 ? 2 : 3)) %"
    }

    /// A number with so many decimals, without trailing zeros.
    package static func rounded(_ value: Double, digits: Int) -> String {
        var factor = 1.0
        for _ in 0..<digits { factor *= 10 }
        return NumberText.shortest((value * factor).rounded() / factor)
    }

    /// A value of a feature with six significant digits.
    package static func value(_ value: Double) -> String {
        let magnitude = abs(value)
        guard magnitude >= 1e-4, magnitude < 1e9 else { return NumberText.shortest(value) }
        var digits = 5
        var limit = 10.0
        while magnitude >= limit, digits > 0 {
            digits -= 1
            limit *= 10
        }
        return rounded(value, digits: magnitude < 1 ? 6 : digits)
    }

    /// A p-value: 0.0123, 3e-7.
    package static func chance(_ value: Double) -> String {
        if value == 0 { return "0" }
        if value >= 1e-4 { return rounded(value, digits: 4) }
        let exponent = Int(value.exponent)
        // log10(2) is close enough to find the decade, which is then corrected.
        var decade = Int((Double(exponent) * 0.30103).rounded(.down))
        var mantissa = scaled(value, by: -decade)
        while mantissa >= 9.95 {
            decade += 1
            mantissa = scaled(value, by: -decade)
        }
        return "\(rounded(mantissa, digits: 1))e\(decade)"
    }

    private static func scaled(_ value: Double, by decades: Int) -> Double {
        var result = value
        for _ in 0..<abs(decades) { result = decades > 0 ? result * 10 : result / 10 }
        return result
    }

    /// How often chance alone does as much.
    static func howOften(_ pValue: Double) -> String {
        if pValue < 1e-6 { return "by chance in less than one window of a million" }
        // Two significant digits are as many as the approximation has.
        let windows = (1 / pValue).rounded()
        var unit = 1.0
        while windows / unit >= 100 { unit *= 10 }
        return "by chance in one window of \(count(Int((windows / unit).rounded() * unit)))"
    }
}
