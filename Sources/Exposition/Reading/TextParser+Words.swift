internal import Kernel

/// The words of a line.
extension TextParser {
    /// Makes the family of a name the one whose line is read: its own, or the histogram or summary
    /// that it is a part of by its suffix.
    mutating func findFamily(_ name: Span<UInt8>) {
        role = .value
        let name = name.string
        if let known = batch.family(named: name) {
            family = known
            return
        }
        for (suffix, role) in TextParser.suffixes where name.hasSuffix(suffix) {
            let stem = String(name.dropLast(suffix.count))
            guard !stem.isEmpty, let known = batch.family(named: stem) else { continue }
            let kind = batch.families[known].kind
            if kind == .histogram || (kind == .summary && role != .value) {
                family = known
                self.role = role
                return
            }
        }
        family = batch.addFamily(name)
    }

    static let suffixes: [(String, ParsedExposition.Role)] = [
        ("_count", .count), ("_sum", .sum), ("_bucket", .value),
    ]

    /// The byte that an escape stands for; `at` is behind the backslash.
    func unescaped(quotes: Bool) throws(MetricSyntaxError) -> UInt8 {
        let byte = try peek()
        if byte == 0x5C { return byte }
        if byte == 0x6E { return 0x0A }
        if byte == 0x22, quotes { return byte }
        throw error("invalid escape sequence '\\\(Quoted.byte(byte).dropFirst().dropLast())'")
    }

    /// Takes a name, perhaps an empty one; something follows it.
    @_lifetime(copy self)
    mutating func readName(allowsColon: Bool) throws(MetricSyntaxError) -> Span<UInt8> {
        let start = at
        while true {
            switch try peek() {
            case 0x41...0x5A, 0x61...0x7A, 0x5F: at += 1
            case 0x3A where allowsColon: at += 1
            case 0x30...0x39 where at > start: at += 1
            default: return text.extracting(start..<at)
            }
        }
    }

    /// Takes the bytes up to a blank, a tab or a line feed, which follows.
    @_lifetime(copy self)
    mutating func readWord() throws(MetricSyntaxError) -> Span<UInt8> {
        let start = at
        while case let byte = try peek(), !byte.isBlank, byte != 0x0A { at += 1 }
        return text.extracting(start..<at)
    }

    mutating func skipBlanks() {
        while at < text.count, text[at].isBlank { at += 1 }
    }

    mutating func skipLine() throws(MetricSyntaxError) {
        while try peek() != 0x0A { at += 1 }
        endLine()
    }

    /// Steps over the line feed that is next.
    mutating func endLine() {
        at += 1
        line += 1
    }

    func peek() throws(MetricSyntaxError) -> UInt8 {
        guard at < text.count else { throw error("unexpected end of input stream") }
        return text[at]
    }

    func error(_ message: String) -> MetricSyntaxError {
        MetricSyntaxError(line: line, message: message)
    }
}

extension UInt8 {
    var isBlank: Bool { self == 0x20 || self == 0x09 }
}
