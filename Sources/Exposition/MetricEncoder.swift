internal import Kernel
internal import Wire

/// Encodes samples as `Metric` messages of `io.prometheus.client` (metrics.proto of Prometheus's
/// client model) while a page is written.
///
/// A page holds the fields of each `MetricFamily` one after the other and adds the lengths at its
/// end. Metrics are a repeated field, so that samples of another owner are added by appending theirs.
struct MetricEncoder: ~Copyable {
    private enum Field {
        // MetricFamily
        static let name: UInt64 = 1
        static let help: UInt64 = 2
        static let type: UInt64 = 3
        static let metric: UInt64 = 4
        // Metric
        static let label: UInt64 = 1
        // LabelPair
        static let labelName: UInt64 = 1
        static let labelValue: UInt64 = 2
        // Histogram and Summary
        static let count: UInt64 = 1
        static let sum: UInt64 = 2
        static let bucket: UInt64 = 3
        // Bucket and Quantile
        static let bucketCount: UInt64 = 1
        static let bucketBound: UInt64 = 2
        static let bucketExemplar: UInt64 = 3
        static let quantile: UInt64 = 1
        static let quantileValue: UInt64 = 2
    }

    private var metric = ProtobufWriter()
    private var value = ProtobufWriter()
    private var part = ProtobufWriter()
    private var unescaped: [UInt8] = []
    /// Whether lines of a histogram or summary have been written whose `_count` is still to come.
    private var isOpen = false

    /// Writes the fields that a family has beside its metrics.
    static func writeHeader(of family: Family, to body: inout Buffer) {
        body.append(field: Field.name, bytes: family.nameBytes.span)
        if let help = family.help { body.append(field: Field.help, bytes: help.utf8Span.span) }
        body.append(varint: Field.type << 3)
        body.append(varint: number(of: family.kind))
    }

    /// The value of the enumeration `MetricType`.
    private static func number(of kind: Family.Kind) -> UInt64 {
        switch kind {
        case .counter: 0
        case .gauge: 1
        case .summary: 2
        case .untyped: 3
        case .histogram: 4
        }
    }

    /// The field of `Metric` in metrics.proto that holds a value of this kind; the parser reads it too.
    static func field(of kind: Family.Kind) -> UInt64 {
        switch kind {
        case .gauge: 2
        case .counter: 3
        case .summary: 4
        case .untyped: 5
        case .histogram: 7
        }
    }

    /// Writes a sample of a counter, a gauge or an untyped metric; `labels` are a `LabelSet`'s bytes.
    mutating func writeSample(
        _ kind: Family.Kind, labels: Span<UInt8>, value number: Double, to body: inout Buffer
    ) {
        metric.removeAll()
        value.removeAll()
        writeLabels(labels)
        value.write(1, number: number)
        metric.write(MetricEncoder.field(of: kind), message: value)
        body.append(field: Field.metric, message: metric)
    }

    /// Writes a histogram. `counts` are each bucket's own observations; `exemplars` has one element
    /// per bucket, or none.
    mutating func writeHistogram(
        labels: Span<UInt8>, bounds: BucketBounds, counts: Span<UInt64>, sum: Double,
        extras: HistogramExtras, to body: inout Buffer
    ) {
        metric.removeAll()
        value.removeAll()
        writeLabels(labels)
        var total: UInt64 = 0
        for bucket in 0..<counts.count {
            total &+= counts[bucket]
            part.removeAll()
            part.write(Field.bucketCount, number: total)
            part.write(
                Field.bucketBound,
                number: bucket < bounds.values.count ? bounds.values[bucket] : .infinity)
            if bucket < extras.exemplars.count, let exemplar = extras.exemplars[bucket] {
                part.write(Field.bucketExemplar, bytes: exemplar.message.span)
            }
            value.write(Field.bucket, message: part)
        }
        value.write(Field.sum, number: sum)
        value.write(Field.count, number: total)
        extras.native?.write(to: &value)
        metric.write(MetricEncoder.field(of: .histogram), message: value)
        body.append(field: Field.metric, message: metric)
    }

    /// Writes a line of a rendered family; the lines of a metric follow each other, those of a
    /// histogram or summary with `_count` last. One that is not included still ends its metric.
    mutating func write(
        _ family: RenderedFamily, line: Int, isIncluded: Bool, to body: inout Buffer
    ) {
        let kind = family.family.kind
        let text = family.text
        let head = text.span.extracting(family.head(line))
        // Between the name and the value: a suffix, and labels in braces.
        let rest = head.extracting(droppingFirst: family.family.nameBytes.count)
        let brace = rest.offset(of: 0x7B) ?? rest.count
        let suffix = rest.extracting(first: brace)
        let labels =
            brace < rest.count
            ? rest.extracting(brace + 1..<rest.count - 1) : rest.extracting(first: 0)
        guard kind == .histogram || kind == .summary else {
            if isIncluded {
                writeSample(kind, labels: labels, value: family.value(line), to: &body)
            }
            return
        }
        if isIncluded {
            writeLine(kind, suffix: suffix, labels: labels, value: family.value(line))
        }
        if isOpen, suffix.equals("_count") {
            metric.write(MetricEncoder.field(of: kind), message: value)
            body.append(field: Field.metric, message: metric)
            isOpen = false
        }
    }

    private mutating func writeLine(
        _ kind: Family.Kind, suffix: Span<UInt8>, labels: Span<UInt8>, value number: Double
    ) {
        let isCount = suffix.equals("_count")
        let isSum = suffix.equals("_sum")
        // `le` and `quantile` are the last label of their lines.
        var plain = labels
        var bound = Double.nan
        if !isCount, !isSum, let start = labels.lastOffset(of: 0x3D) {
            let digits = labels.extracting(start + 2..<labels.count - 1)
            bound = FloatText.value(of: digits) ?? .nan
            let name: StaticString = kind == .histogram ? "le" : "quantile"
            let count = start - name.utf8CodeUnitCount
            plain = labels.extracting(first: max(count - 1, 0))
        }
        if !isOpen {
            metric.removeAll()
            value.removeAll()
            writeLabels(plain)
            isOpen = true
        }
        if isCount {
            value.write(Field.count, number: UInt64(exactly: number) ?? .max)
        } else if isSum {
            value.write(Field.sum, number: number)
        } else {
            part.removeAll()
            if kind == .histogram {
                part.write(Field.bucketCount, number: UInt64(exactly: number) ?? .max)
                part.write(Field.bucketBound, number: bound)
            } else {
                part.write(Field.quantile, number: bound)
                part.write(Field.quantileValue, number: number)
            }
            value.write(Field.bucket, message: part)
        }
    }

    /// Writes `name="value",name="value"` as label pairs.
    private mutating func writeLabels(_ labels: Span<UInt8>) {
        var at = 0
        while at < labels.count {
            let name = at
            while labels[at] != 0x3D { at += 1 }
            let nameEnd = at
            // The equals sign and the quote.
            at += 2
            let start = at
            var isEscaped = false
            while labels[at] != 0x22 {
                if labels[at] == 0x5C { isEscaped = true }
                at += labels[at] == 0x5C ? 2 : 1
            }
            part.removeAll()
            part.write(Field.labelName, bytes: labels.extracting(name..<nameEnd))
            if isEscaped {
                Escape.unescape(labels.extracting(start..<at), into: &unescaped)
                let value = unescaped
                part.write(Field.labelValue, bytes: value.span)
            } else {
                part.write(Field.labelValue, bytes: labels.extracting(start..<at))
            }
            metric.write(Field.label, message: part)
            // The quote and the comma.
            at += 2
        }
    }
}

/// What a histogram has beside its classic buckets.
struct HistogramExtras {
    /// Shown by protobuf only.
    let native: NativeHistogram?
    /// One element per bucket, or none.
    let exemplars: [Exemplar?]
}

extension Buffer {
    /// Appends a field of the wire type LEN.
    fileprivate mutating func append(field: UInt64, bytes: Span<UInt8>) {
        append(varint: field << 3 | 2)
        append(varint: UInt64(bytes.count))
        append(bytes)
    }

    fileprivate mutating func append(field: UInt64, message: borrowing ProtobufWriter) {
        append(field: field, bytes: message.bytes)
    }
}
