internal import Kernel

extension String {
    /// The number of a device whose name is `prefix` and that number: 0 for `card0`, nil for
    /// `card0-DP-1`.
    func number(behind prefix: String) -> UInt64? {
        hasPrefix(prefix)
            ? utf8Span.span.extracting(droppingFirst: prefix.utf8.count).unsigned : nil
    }
}
