internal import Kernel
internal import Wire

/// Turns a finished page of text 0.0.4 into `io.prometheus.client.MetricFamily` messages, each behind
/// its length (metrics.proto of Prometheus's client model).
///
/// Text is what every owner of a page writes; only Prometheus asks for messages, and only where
/// native histograms are switched on.
struct ProtobufEncoder: ~Copyable {
    /// What a histogram has beyond its lines.
    struct HistogramExtras {
        let native: NativeHistogram?
        /// By bucket, or empty.
        let exemplars: [Exemplar?]
    }

    /// The page is text that no parser takes.
    struct Failure: Error {}

    private var out = ProtobufWriter()
    private var family = ProtobufWriter()
    private var metric = ProtobufWriter()
    private var value = ProtobufWriter()
    private var part = ProtobufWriter()

    /// `attachments` are those of the first histograms of each family, in their order.
    consuming func encode(
        _ text: Span<UInt8>, attachments: [String: [HistogramExtras]]
    ) throws(Failure) -> Buffer {
        let batch: ParsedExposition
        do throws(MetricSyntaxError) {
            batch = try TextParser.parse(text)
        } catch {
            throw Failure()
        }
        // The samples of a family stand together, and so do those of a metric.
        let samples = batch.samples
        var first = 0
        while first < samples.count {
            let number = samples[first].family
            let source = batch.families[number]
            let kind = source.kind ?? .untyped
            let extras = attachments[source.name] ?? []
            family.removeAll()
            family.write(1, bytes: source.name.utf8Span.span)
            if let help = source.help { family.write(2, bytes: help.utf8Span.span) }
            family.write(3, number: ProtobufEncoder.number(of: kind))
            var metrics = 0
            while first < samples.count, samples[first].family == number {
                var last = first + 1
                while last < samples.count, samples[last].metric == samples[first].metric {
                    last += 1
                }
                write(
                    batch, range: first..<last, kind: kind,
                    extra: metrics < extras.count ? extras[metrics] : nil)
                metrics += 1
                first = last
            }
            out.write(delimited: family)
        }
        return out.take()
    }

    private static func number(of kind: Family.Kind) -> UInt64 {
        switch kind {
        case .counter: 0
        case .gauge: 1
        case .summary: 2
        case .untyped: 3
        case .histogram: 4
        }
    }

    private mutating func write(
        _ batch: ParsedExposition, range: Range<Int>, kind: Family.Kind,
        extra: HistogramExtras?
    ) {
        metric.removeAll()
        value.removeAll()
        let text = batch.text.span
        for label in batch.labels[batch.samples[range.lowerBound].labels] {
            part.removeAll()
            part.write(1, bytes: text.extracting(label.name))
            part.write(2, bytes: text.extracting(label.value))
            metric.write(1, message: part)
        }
        switch kind {
        case .counter, .gauge, .untyped:
            value.write(1, number: batch.samples[range.lowerBound].value)
            metric.write(kind == .gauge ? 2 : kind == .counter ? 3 : 5, message: value)
        case .histogram, .summary:
            writeDistribution(batch, range: range, extra: extra)
            metric.write(kind == .histogram ? 7 : 4, message: value)
        }
        family.write(4, message: metric)
    }

    private mutating func writeDistribution(
        _ batch: ParsedExposition, range: Range<Int>, extra: HistogramExtras?
    ) {
        var bucket = 0
        for sample in batch.samples[range] {
            switch sample.role {
            case .count: value.write(1, number: UInt64(exactly: sample.value) ?? .max)
            case .sum: value.write(2, number: sample.value)
            case .quantile:
                part.removeAll()
                part.write(1, number: sample.bound)
                part.write(2, number: sample.value)
                value.write(3, message: part)
            case .bucket:
                part.removeAll()
                part.write(1, number: UInt64(exactly: sample.value) ?? .max)
                part.write(2, number: sample.bound)
                if let extra, bucket < extra.exemplars.count,
                    let exemplar = extra.exemplars[bucket]
                {
                    part.write(3, bytes: exemplar.message.span)
                }
                value.write(3, message: part)
                bucket += 1
            case .value, .presence: continue
            }
        }
        extra?.native?.write(to: &value)
    }
}
