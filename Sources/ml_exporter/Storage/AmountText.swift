/// Amounts for people.
enum AmountText {
    static func bytes(_ bytes: Int64) -> String {
        var tenths = bytes &* 10
        for unit in ["B", "KiB", "MiB", "GiB"] {
            if tenths < 10_240 || unit == "GiB" {
                return unit == "B" ? "\(bytes) B" : "\(tenths / 10).\(tenths % 10) \(unit)"
            }
            tenths /= 1_024
        }
        return "\(bytes) B"
    }

    static func count(_ count: Int, noun: String) -> String {
        count == 1 ? "1 \(noun)" : "\(count) \(noun)s"
    }
}
