internal import Kernel

extension String {
    /// The number in a name made of `prefix`, a number and `suffix`: 0 for `card0`, 3 for
    /// `temp3_input`. Nil for another name, such as `card0-DP-1`.
    func number(behind prefix: String, before suffix: String = "") -> UInt64? {
        guard hasPrefix(prefix), hasSuffix(suffix),
            utf8.count > prefix.utf8.count + suffix.utf8.count
        else { return nil }
        return utf8Span.span.extracting(prefix.utf8.count..<utf8.count - suffix.utf8.count).unsigned
    }
}
