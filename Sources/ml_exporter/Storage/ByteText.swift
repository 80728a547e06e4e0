/// Bytes for people.
enum ByteText {
    static func of(_ bytes: Int64) -> String {
        var tenths = bytes &* 10
        for unit in ["B", "KiB", "MiB", "GiB"] {
            if tenths < 10_240 || unit == "GiB" {
                return unit == "B" ? "\(bytes) B" : "\(tenths / 10).\(tenths % 10) \(unit)"
            }
            tenths /= 1_024
        }
        return "\(bytes) B"
    }
}
