internal import Kernel
internal import Wire

/// The name, type and help of a metric family, with its rendered header lines.
package struct Family: Sendable {
    package enum Kind: Sendable {
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

        /// The kind that a word of a TYPE line means, ignoring case; nil for other words.
        init?(named word: Span<UInt8>) {
            if word.equalsIgnoringCase("counter") {
                self = .counter
            } else if word.equalsIgnoringCase("gauge") {
                self = .gauge
            } else if word.equalsIgnoringCase("histogram") {
                self = .histogram
            } else if word.equalsIgnoringCase("summary") {
                self = .summary
            } else if word.equalsIgnoringCase("untyped") {
                self = .untyped
            } else {
                return nil
            }
        }
    }

    /// What is needed once per family and page. Families are copied more often than that, and copying one
    /// reference is faster than copying four.
    private final class Texts: Sendable {
        let name: String
        let help: String?
        let header: [UInt8]
        let openMetricsHeader: [UInt8]

        init(name: String, help: String?, header: [UInt8], openMetricsHeader: [UInt8]) {
            self.name = name
            self.help = help
            self.header = header
            self.openMetricsHeader = openMetricsHeader
        }
    }

    package let kind: Kind
    /// The hash of the name, keyed per process.
    package let identity: UInt64
    /// The name's bytes.
    let nameBytes: [UInt8]
    private let texts: Texts

    package var name: String { texts.name }
    package var help: String? { texts.help }
    /// Whether this is a counter that OpenMetrics names without the suffix `_total`.
    var isTotal: Bool { kind == .counter && texts.name.hasSuffix("_total") }
    var header: [UInt8] { texts.header }
    var openMetricsHeader: [UInt8] { texts.openMetricsHeader }

    /// `name` is the name in text 0.0.4, with `_total` for counters, and must match
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`: names from outside are checked with `isMetricName` first. `help` is one
    /// sentence, or nil for none. `sharesStem` means that another family has this counter's name without
    /// `_total`; OpenMetrics then cannot have it as a counter.
    package init(_ name: String, kind: Kind, help: String?, sharesStem: Bool = false) {
        precondition(name.utf8Span.span.isMetricName, "invalid metric name: \(name)")
        self.kind = kind
        // In OpenMetrics 1.0 a counter's family is named without the suffix of its samples, and a family
        // without that suffix on its samples cannot be a counter.
        let counts = kind == .counter && name.hasSuffix("_total") && !sharesStem
        let isKnown = counts || (kind != .counter && kind != .untyped)
        texts = Texts(
            name: name, help: help,
            header: Family.lines(
                name: name, type: kind.word,
                help: help.map { Escape.help($0, quotes: false) }),
            openMetricsHeader: Family.lines(
                name: counts ? String(name.dropLast("_total".count)) : name,
                type: isKnown ? kind.word : "unknown",
                help: help.map { Escape.help($0, quotes: true) }))
        identity = SeriesHash.of(family: name)
        nameBytes = Array(name.utf8)
    }

    private static func lines(name: String, type: String, help: [UInt8]?) -> [UInt8] {
        let type = Array("# TYPE \(name) \(type)\n".utf8)
        guard let help else { return type }
        return Array("# HELP \(name) ".utf8) + help + [0x0A] + type
    }
}
