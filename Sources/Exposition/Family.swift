/// The name, type and help that all series of one metric share, ready to be written.
public struct Family: Sendable {
    public enum Kind: Sendable {
        case counter, gauge, histogram, summary, untyped

        /// The word of text 0.0.4's TYPE lines.
        var word: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            case .summary: "summary"
            case .untyped: "untyped"
            }
        }
    }

    public let name: String
    public let kind: Kind
    let header: [UInt8]
    let openMetricsHeader: [UInt8]
    let identity: UInt64
    /// The name's bytes.
    let nameBytes: [UInt8]

    /// `name` is the name as text 0.0.4 has it, counters with `_total`; `help` is one sentence in
    /// plain text. A name must match `[a-zA-Z_:][a-zA-Z0-9_:]*`: names made of foreign text go
    /// through `isValidName` first.
    public init(_ name: String, _ kind: Kind, help: String) {
        precondition(Family.isValidName(name.utf8Span.span), "no metric name: \(name)")
        self.name = name
        self.kind = kind
        header = Family.lines(
            name: name, type: kind.word,
            help: Escape.help(help, quotes: false))
        // OpenMetrics 1.0: a counter's family lacks the suffix of its samples, and a counter
        // without the suffix must not be called one.
        let counts = kind == .counter && name.hasSuffix("_total")
        let isKnown = counts || (kind != .counter && kind != .untyped)
        openMetricsHeader = Family.lines(
            name: counts ? String(name.dropLast("_total".count)) : name,
            type: isKnown ? kind.word : "unknown",
            help: Escape.help(help, quotes: true))
        identity = SeriesIdentity.of(family: name)
        nameBytes = Array(name.utf8)
    }

    private static func lines(name: String, type: String, help: [UInt8]) -> [UInt8] {
        Array("# HELP \(name) ".utf8) + help + Array("\n# TYPE \(name) \(type)\n".utf8)
    }

    /// Whether Prometheus takes these bytes as a metric's name.
    public static func isValidName(_ name: Span<UInt8>) -> Bool {
        if name.isEmpty { return false }
        for index in 0..<name.count {
            switch name[index] {
            case 0x41...0x5A, 0x61...0x7A, 0x5F, 0x3A: continue
            case 0x30...0x39 where index > 0: continue
            default: return false
            }
        }
        return true
    }
}
