internal import Kernel

/// The tokens of a line.
extension TextParser {
    /// Sets `family` and `role` for a name: its own family, or the histogram or summary that it belongs
    /// to by its suffix.
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

    /// The byte that the escape sequence means whose second byte is at `at`.
    func unescaped(quotes: Bool) throws(MetricSyntaxError) -> UInt8 {
        let byte = try peek()
        if byte == 0x5C { return byte }
        if byte == 0x6E { return 0x0A }
        if byte == 0x22, quotes { return byte }
        throw error("invalid escape sequence '\\\(Quoted.byte(byte).dropFirst().dropLast())'")
    }

    /// Reads a name, which may be empty. Throws if the input ends with it.
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

    /// Reads the bytes before the next space, tab or line feed. Throws if there are no such bytes.
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

    /// Skips the line feed at `at`.
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
