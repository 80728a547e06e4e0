internal import Kernel

/// Why a body could not be parsed.
package struct MetricSyntaxError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The line, counted from 1; nil for formats without lines.
    package let line: Int?
    package let message: String
    /// The limit that the body has exceeded; nil for a mistake in it.
    package let limit: ReadingLimit?

    init(line: Int?, message: String, limit: ReadingLimit? = nil) {
        self.line = line
        self.message = message
        self.limit = limit
    }

    package var description: String {
        if let line { return "text format parsing error in line \(line): \(message)" }
        return message
    }
}

/// Reads text 0.0.4 as strictly as Pushgateway 1.5.1 and node_exporter's textfile collector do: the
/// last line ends with a line feed, only a timestamp may follow a value, TYPE comes before the
/// samples, and both HELP and TYPE once.
///
/// The error messages are the ones of these programs, which users know.
package struct TextParser: ~Escapable {
    let text: Span<UInt8>
    var at = 0
    var line = 1
    var batch = ParsedExposition()
    // The family of the current line, and the role that the suffix of its name implies.
    var family = 0
    var role = ParsedExposition.Role.value
    private var bound = Double.nan
    private var token: [UInt8] = []
    /// Histograms and summaries by family and labels.
    private var metrics: [UInt64: Int] = [:]
    private var lastLabels = 0..<0
    private var size: ReadingSize

    @_lifetime(copy text)
    init(_ text: Span<UInt8>, limits: ReadingLimits) {
        self.text = text
        size = ReadingSize(limits)
    }

    /// Parses a whole body. Throws at the first error, and as soon as a limit is exceeded.
    package static func parse(
        _ text: Span<UInt8>, limits: ReadingLimits = ReadingLimits()
    ) throws(MetricSyntaxError) -> ParsedExposition {
        guard text.count <= ParsedExposition.bodyLimit else {
            throw MetricSyntaxError(line: 1, message: "the text is too long")
        }
        var parser = TextParser(text, limits: limits)
        try parser.readLines()
        return parser.batch
    }

    private mutating func readLines() throws(MetricSyntaxError) {
        while true {
            skipBlanks()
            if at == text.count { return }
            switch text[at] {
            case 0x23: try readComment()
            case 0x0A: endLine()
            default: try readSample()
            }
            do throws(ReadingLimit) {
                try size.check(batch)
            } catch {
                throw MetricSyntaxError(line: line, message: error.sentence, limit: error)
            }
        }
    }

    // MARK: Comments

    private mutating func readComment() throws(MetricSyntaxError) {
        at += 1
        skipBlanks()
        let keyword = try readWord()
        let isHelp = keyword.equals("HELP")
        if !isHelp, !keyword.equals("TYPE") {
            try skipLine()
            return
        }
        if try peek() == 0x0A { return endLine() }
        skipBlanks()
        let name = try readName(allowsColon: true)
        if text[at] == 0x0A { return endLine() }
        guard text[at].isBlank else { throw error("invalid metric name in comment") }
        findFamily(name)
        skipBlanks()
        if try peek() == 0x0A { return endLine() }
        if isHelp {
            try readHelp()
        } else {
            try readType()
        }
        endLine()
    }

    private mutating func readHelp() throws(MetricSyntaxError) {
        let name = batch.families[family].name
        guard batch.families[family].help == nil else {
            throw error("second HELP line for metric name \(Quoted.text(name))")
        }
        token.removeAll(keepingCapacity: true)
        while try peek() != 0x0A {
            if text[at] == 0x5C {
                at += 1
                token.append(try unescaped(quotes: false))
            } else {
                token.append(text[at])
            }
            at += 1
        }
        batch.families[family].help = token.span.string
    }

    private mutating func readType() throws(MetricSyntaxError) {
        let name = batch.families[family].name
        guard batch.families[family].kind == nil else {
            throw error(
                "second TYPE line for metric name \(Quoted.text(name)), or TYPE reported after samples"
            )
        }
        let start = at
        while try peek() != 0x0A { at += 1 }
        let type = text.extracting(start..<at)
        guard let kind = Family.Kind(named: type) else {
            throw error("unknown metric type \(Quoted.text(type))")
        }
        batch.families[family].kind = kind
    }

    // MARK: Samples

    private mutating func readSample() throws(MetricSyntaxError) {
        let name = try readName(allowsColon: true)
        if name.isEmpty { throw error("invalid metric name") }
        findFamily(name)
        let kind = batch.families[family].kind ?? .untyped
        batch.families[family].kind = kind
        bound = .nan
        skipBlanks()
        let first = batch.labels.count
        if try peek() == 0x7B { try readLabels(kind) }
        let labels = first..<batch.labels.count
        let metric = self.metric(kind, labels: labels)
        if kind == .histogram || kind == .summary {
            if role == .value {
                role = bound.isNaN ? .presence : kind == .histogram ? .bucket : .quantile
            }
        }
        let word = try readWord()
        guard var value = FloatText.value(of: word) else {
            throw error("expected float as value, got \(Quoted.text(word))")
        }
        if role == .count || role == .bucket {
            // Pushgateway keeps these counts as integers.
            guard value >= 0, value.isFinite else {
                throw error(
                    "negative or unbounded count of \(Quoted.text(batch.families[family].name))")
            }
            value = value.rounded(.towardZero)
        }
        if text[at] != 0x0A { try readTimestamp() }
        batch.append(
            family: family, metric: metric, labels: labels, role: role, bound: bound,
            value: value)
        lastLabels = labels
        endLine()
    }

    /// The number of the sample's metric: a new one, except for further lines of a histogram or summary.
    private mutating func metric(_ kind: Family.Kind, labels: Range<Int>) -> Int {
        guard kind == .histogram || kind == .summary else { return batch.newMetric() }
        var signature = UInt64(truncatingIfNeeded: family)
        for label in batch.labels[labels] {
            var hasher = SeriesHasher(UInt64(truncatingIfNeeded: family))
            hasher.add(
                name: batch.text.span.extracting(label.name),
                value: batch.text.span.extracting(label.value))
            // The sum does not depend on the order of the labels.
            signature = signature &+ hasher.finish()
        }
        if let metric = metrics[signature] { return metric }
        let metric = batch.newMetric()
        metrics[signature] = metric
        return metric
    }

    private mutating func readLabels(_ kind: Family.Kind) throws(MetricSyntaxError) {
        at += 1
        let first = batch.labels.count
        let boundName: StaticString? =
            kind == .histogram ? "le" : kind == .summary ? "quantile" : nil
        while true {
            skipBlanks()
            if try peek() == 0x7D { break }
            let name = try readName(allowsColon: false)
            if name.isEmpty {
                let metric = batch.families[family].name
                throw error("invalid label name for metric \(Quoted.text(metric))")
            }
            skipBlanks()
            guard try peek() == 0x3D else {
                throw error("expected '=' after label name, found \(Quoted.byte(text[at]))")
            }
            if batch.labels.count - first >= ParsedExposition.labelLimit {
                let metric = batch.families[family].name
                throw error(
                    "metric \(Quoted.text(metric)) has more than \(ParsedExposition.labelLimit) labels"
                )
            }
            if name.equals("__name__") { throw error("label name \"__name__\" is reserved") }
            let isBound = boundName.map { name.equals($0) } ?? false
            if !isBound { try checkIsNew(name, first: first) }
            at += 1
            let start = batch.text.count
            try readLabelValue()
            let last = start..<batch.text.count
            if isBound {
                guard let value = FloatText.value(of: batch.text.span.extracting(last)) else {
                    throw error(
                        "expected float as value for '\(name.string)' label, got \(quoted(last))")
                }
                bound = value
            }
            skipBlanks()
            let next = try peek()
            guard next == 0x2C || next == 0x7D else {
                throw error("unexpected end of label value \(quoted(last))")
            }
            if isBound {
                batch.text.removeSubrange(last)
            } else {
                let place = batch.labels.count - first
                batch.addLabel(
                    name: name, valueStart: start,
                    like: place < lastLabels.count ? lastLabels.lowerBound + place : nil)
            }
            if next == 0x2C { at += 1 }
        }
        at += 1
        skipBlanks()
    }

    private func checkIsNew(_ name: Span<UInt8>, first: Int) throws(MetricSyntaxError) {
        for label in batch.labels[first...] {
            if name.equals(batch.text.span.extracting(label.name)) {
                let metric = batch.families[family].name
                throw error("duplicate label names for metric \(Quoted.text(metric))")
            }
        }
    }

    /// Appends a quoted label value, unescaped, to the batch's text.
    private mutating func readLabelValue() throws(MetricSyntaxError) {
        skipBlanks()
        guard try peek() == 0x22 else {
            throw error("expected '\"' at start of label value, found \(Quoted.byte(text[at]))")
        }
        at += 1
        let start = batch.text.count
        while true {
            switch try peek() {
            case 0x22:
                at += 1
                guard Quoted.isUTF8(batch.text.span.extracting(droppingFirst: start)) else {
                    throw error("invalid label value \(quoted(start..<batch.text.count))")
                }
                return
            case 0x0A:
                let value = quoted(start..<batch.text.count)
                throw error("label value \(value) contains unescaped new-line")
            case 0x5C:
                at += 1
                batch.text.append(try unescaped(quotes: true))
            default: batch.text.append(text[at])
            }
            at += 1
        }
    }

    private func quoted(_ range: Range<Int>) -> String {
        Quoted.text(batch.text.span.extracting(range))
    }

    private mutating func readTimestamp() throws(MetricSyntaxError) {
        skipBlanks()
        let word = try readWord()
        guard FloatText.isInteger(word) else {
            throw error("expected integer as timestamp, got \(Quoted.text(word))")
        }
        let start = at
        while try peek() != 0x0A { at += 1 }
        if at > start {
            let rest = text.extracting(start..<at)
            throw error("spurious string after timestamp: \(Quoted.text(rest))")
        }
        batch.hasTimestamps = true
    }
}
