/// The name, type and help that all series of one metric share, ready to be written.
public struct Family: Sendable {
    public enum Kind: Sendable {
        case counter, gauge, untyped
    }

    public let name: String
    public let kind: Kind
    let header: [UInt8]
    let openMetricsHeader: [UInt8]
    let identity: UInt64

    /// `name` is the name as text 0.0.4 has it, counters with `_total`; `help` is one sentence in
    /// plain text. A name must match `[a-zA-Z_:][a-zA-Z0-9_:]*`: names made of foreign text go
    /// through `isValidName` first. `sharesStem` says that another family has the name of this
    /// counter without `_total`, which OpenMetrics then cannot call a counter.
    public init(_ name: String, _ kind: Kind, help: String, sharesStem: Bool = false) {
        precondition(Family.isValidName(name.utf8Span.span), "no metric name: \(name)")
        self.name = name
        self.kind = kind
        header = Family.lines(
            name: name, type: kind == .counter ? "counter" : kind == .gauge ? "gauge" : "untyped",
            help: Escape.help(help, quotes: false))
        // OpenMetrics 1.0: a counter's family lacks the suffix of its samples, and a counter
        // without the suffix must not be called one.
        let counts = kind == .counter && name.hasSuffix("_total") && !sharesStem
        openMetricsHeader = Family.lines(
            name: counts ? String(name.dropLast("_total".count)) : name,
            type: counts ? "counter" : kind == .gauge ? "gauge" : "unknown",
            help: Escape.help(help, quotes: true))
        identity = SeriesIdentity.of(family: name)
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
