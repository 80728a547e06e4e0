internal import Kernel

/// Which names a listener may be called by: a web page whose own name has been pointed at this
/// machine must not push from a browser.
package struct HostCheck: Sendable {
    private let names: [[UInt8]]

    /// `names` are allowed besides addresses and `localhost`, in any case; `*` allows all.
    package init(names: [String]) {
        self.names = names.map { Array($0.lowercased().utf8) }
    }

    /// `host` is the value of a Host header, nil if the request has none.
    package func allows(_ host: Span<UInt8>?) -> Bool {
        guard let host else { return true }
        let text = host.trimmed
        if text.isEmpty { return true }
        // An address cannot be pointed anywhere.
        if text[0] == UInt8(ascii: "[") { return true }
        let name = text.extracting(first: text.offset(of: UInt8(ascii: ":")) ?? text.count)
        if name.equalsIgnoringCase("localhost") || HostCheck.isAddress(name) { return true }
        let lower = name.string.lowercased()
        for known in names where lower.utf8.elementsEqual(known) || known == [0x2A] {
            return true
        }
        return false
    }

    /// Four numbers with dots between them.
    private static func isAddress(_ text: Span<UInt8>) -> Bool {
        var dots = 0
        var digits = 0
        for index in text.indices {
            switch text[index] {
            case 0x30...0x39: digits += 1
            case UInt8(ascii: ".") where digits > 0 && digits <= 3:
                dots += 1
                digits = 0
            default: return false
            }
        }
        return dots == 3 && digits > 0 && digits <= 3
    }
}
