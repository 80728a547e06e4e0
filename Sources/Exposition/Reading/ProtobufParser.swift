internal import Kernel
internal import Wire

/// Reads `io.prometheus.client.MetricFamily` messages, each behind its length (metrics.proto of
/// Prometheus's client model). Of native histograms the classic buckets are read; units, exemplars and
/// unknown fields are ignored.
package struct ProtobufParser: ~Copyable {
    private var batch = ParsedExposition()
    private var family = 0
    private var kind = Family.Kind.counter
    private var size: ReadingSize

    private init(_ limits: ReadingLimits) {
        size = ReadingSize(limits)
    }

    /// Parses a whole body. Throws at the first error, and as soon as a limit is exceeded.
    package static func parse(
        _ body: Span<UInt8>, limits: ReadingLimits = ReadingLimits()
    ) throws(MetricSyntaxError) -> ParsedExposition {
        guard body.count <= ParsedExposition.bodyLimit else {
            throw MetricSyntaxError(line: nil, message: "the body is too long")
        }
        var parser = ProtobufParser(limits)
        var reader = ProtobufReader(body)
        while !reader.isAtEnd {
            let start = body.count - reader.count
            do throws(ProtobufError) {
                var message = ProtobufReader(try reader.bytes())
                try parser.readFamily(&message)
            } catch {
                throw MetricSyntaxError(
                    line: nil,
                    message:
                        "protobuf parsing error in the message that starts at byte \(start): cannot parse invalid wire-format data"
                )
            }
            if let refusal = parser.refusal { throw refusal }
        }
        parser.batch.removeDroppedSamples()
        return parser.batch
    }

    private var refusal: MetricSyntaxError?

    private mutating func refuse(_ message: String) {
        if refusal == nil { refusal = MetricSyntaxError(line: nil, message: message) }
    }

    private mutating func checkSize() {
        do throws(ReadingLimit) {
            try size.check(batch)
        } catch {
            if refusal == nil {
                refusal = MetricSyntaxError(line: nil, message: error.sentence, limit: error)
            }
        }
    }

    // MARK: Families

    private mutating func readFamily(
        _ message: inout ProtobufReader
    ) throws(ProtobufError) {
        var name = ""
        var help: String?
        var kind: Family.Kind? = .counter
        // Fields come in any order, and metrics need the name and the type: hence two passes.
        var fields = message
        while !fields.isAtEnd {
            switch try fields.key() {
            case (1, 2): name = text(try fields.bytes(), what: "a metric's name")
            case (2, 2): help = text(try fields.bytes(), what: "a help text")
            case (3, 0): kind = ProtobufParser.kind(try fields.varint())
            case (_, let type): try fields.skip(type)
            }
        }
        guard let kind else {
            return refuse("unknown type of metric family \(Quoted.text(name))")
        }
        // If a body has a name twice, the last message counts.
        if batch.family(named: name) != nil { batch.dropSamples(ofFamily: name) }
        family = batch.addFamily(name)
        self.kind = kind
        batch.families[family].kind = kind
        batch.families[family].help = help
        checkSize()
        while !message.isAtEnd, refusal == nil {
            switch try message.key() {
            case (4, 2):
                var metric = ProtobufReader(try message.bytes())
                try readMetric(&metric, name: name)
            case (_, let type): try message.skip(type)
            }
        }
    }

    private static func kind(_ number: UInt64) -> Family.Kind? {
        switch number {
        case 0: .counter
        case 1: .gauge
        case 2: .summary
        case 3: .untyped
        case 4: .histogram
        default: nil
        }
    }

    // MARK: Metrics

    private mutating func readMetric(
        _ message: inout ProtobufReader, name: String
    ) throws(ProtobufError) {
        let first = batch.labels.count
        let field = MetricEncoder.field(of: kind)
        var hasValue = false
        var fields = message
        while !fields.isAtEnd {
            switch try fields.key() {
            case (1, 2):
                var label = ProtobufReader(try fields.bytes())
                if batch.labels.count - first >= ParsedExposition.labelLimit {
                    return refuse(
                        "metric \(Quoted.text(name)) has more than \(ParsedExposition.labelLimit) labels"
                    )
                }
                try readLabel(&label)
            case (6, 0):
                _ = try fields.varint()
                batch.hasTimestamps = true
            case (let number, 2):
                _ = try fields.bytes()
                if number == field { hasValue = true }
            case (_, let type): try fields.skip(type)
            }
        }
        guard hasValue else {
            return refuse("metric \(Quoted.text(name)) is not a \(kind.word)")
        }
        let labels = first..<batch.labels.count
        let metric = batch.newMetric()
        while !message.isAtEnd, refusal == nil {
            switch try message.key() {
            case (field, 2):
                var value = ProtobufReader(try message.bytes())
                try readValue(&value, metric: metric, labels: labels)
            case (_, let type): try message.skip(type)
            }
        }
        checkSize()
    }

    private mutating func readLabel(
        _ message: inout ProtobufReader
    ) throws(ProtobufError) {
        var name: [UInt8] = []
        let start = batch.text.count
        while !message.isAtEnd {
            switch try message.key() {
            case (1, 2): name = try message.bytes().copied
            case (2, 2):
                batch.text.removeSubrange(start...)
                batch.append(text: try message.bytes())
            case (_, let type): try message.skip(type)
            }
        }
        let isText =
            Quoted.isUTF8(name.span)
            && Quoted.isUTF8(batch.text.span.extracting(droppingFirst: start))
        if !isText { refuse("a label named \(Quoted.text(name.span)) is not UTF-8") }
        batch.addLabel(name: name.span, valueStart: start, like: nil)
    }

    private mutating func readValue(
        _ message: inout ProtobufReader, metric: Int, labels: Range<Int>
    ) throws(ProtobufError) {
        switch kind {
        case .counter, .gauge, .untyped:
            var value = 0.0
            while !message.isAtEnd {
                switch try message.key() {
                case (1, 1): value = try message.double()
                case (_, let type): try message.skip(type)
                }
            }
            batch.append(
                family: family, metric: metric, labels: labels, role: .value, value: value)
        case .histogram, .summary: try readDistribution(&message, metric: metric, labels: labels)
        }
    }

    private mutating func readDistribution(
        _ message: inout ProtobufReader, metric: Int, labels: Range<Int>
    ) throws(ProtobufError) {
        var count = 0.0
        var sum = 0.0
        while !message.isAtEnd, refusal == nil {
            switch try message.key() {
            case (1, 0): count = Double(try message.varint())
            case (2, 1): sum = try message.double()
            case (3, 2):
                var part = ProtobufReader(try message.bytes())
                try readPart(&part, metric: metric, labels: labels)
            case (_, let type): try message.skip(type)
            }
        }
        batch.append(family: family, metric: metric, labels: labels, role: .sum, value: sum)
        batch.append(family: family, metric: metric, labels: labels, role: .count, value: count)
    }

    /// A bucket (cumulative count, bound) or a quantile (quantile, value).
    private mutating func readPart(
        _ message: inout ProtobufReader, metric: Int, labels: Range<Int>
    ) throws(ProtobufError) {
        var bound = 0.0
        var value = 0.0
        let isBucket = kind == .histogram
        while !message.isAtEnd {
            switch try message.key() {
            case (1, 0) where isBucket: value = Double(try message.varint())
            case (1, 1) where !isBucket: bound = try message.double()
            case (2, 1):
                let number = try message.double()
                if isBucket { bound = number } else { value = number }
            case (_, let type): try message.skip(type)
            }
        }
        batch.append(
            family: family, metric: metric, labels: labels, role: isBucket ? .bucket : .quantile,
            bound: bound, value: value)
        checkSize()
    }

    private mutating func text(_ bytes: Span<UInt8>, what: String) -> String {
        if !Quoted.isUTF8(bytes) { refuse("\(what) is not UTF-8") }
        return bytes.string
    }
}
