internal import Kernel

/// Why a sample cannot stand on a page.
public struct RefusedSample: Error, Sendable, Equatable {
    public enum Reason: String, Sendable, CaseIterable {
        case labelName = "label_name"
        case labelCount = "label_count"
        case labelBytes = "label_bytes"
        case metricName = "metric_name"
    }

    public let reason: Reason
    public let sentence: String
}

/// What names and labels from outside may take.
public struct LabelLimits: Sendable, Equatable {
    /// Labels of a series, those of its owner included.
    public var labels = 30
    /// Bytes of the name of a metric or a label.
    public var nameBytes = 255
    /// Bytes of a label's value.
    public var valueBytes = 1024

    public init() {}
}

/// Makes lines out of samples: their labels sorted by name, the owner's labels in place of their
/// own, histograms and summaries whole.
public struct FamilyRenderer {
    /// A label that every sample gets: its bytes as a page has them.
    private struct Owned {
        let name: [UInt8]
        let value: [UInt8]
    }

    /// Where the next label of a line comes from.
    private enum Source {
        case owned(Int)
        case sample(Int)
    }

    private let owned: [Owned]
    private let limits: LabelLimits
    private let addsInstance: Bool
    // For the sample at hand: its labels in order, and the lines of its family.
    private var plan: [Source] = []
    private var lines = RenderedLines()
    private var escaped: [UInt8] = []

    /// `labels` win over those of samples. With `addsInstance`, a sample without the label
    /// `instance` gets an empty one.
    public init(
        labels: [(name: String, value: String)] = [], addsInstance: Bool = false,
        limits: LabelLimits = LabelLimits()
    ) {
        owned = labels.sorted { $0.name < $1.name }.map {
            Owned(name: Array($0.name.utf8), value: Escape.labelValue($0.value))
        }
        self.limits = limits
        self.addsInstance = addsInstance
    }

    /// The families that have samples, each with its own in the order in which they came.
    public mutating func render(
        _ batch: MetricBatch, except skipped: Set<String> = []
    ) throws(RefusedSample) -> [RenderedFamily] {
        let order = FamilyRenderer.order(of: batch)
        var rendered: [RenderedFamily] = []
        var first = 0
        while first < order.count {
            let index = batch.samples[Int(order[first])].family
            var last = first
            while last < order.count, batch.samples[Int(order[last])].family == index { last += 1 }
            let family = batch.families[index]
            if !skipped.contains(family.name) {
                rendered.append(try render(family, batch, order[first..<last]))
            }
            first = last
        }
        return rendered
    }

    /// The samples by family and metric, otherwise as they came.
    private static func order(of batch: MetricBatch) -> [Int32] {
        var order = [Int32](0..<Int32(truncatingIfNeeded: batch.samples.count))
        var isSorted = true
        for index in order.indices.dropFirst() where isSorted {
            let (one, two) = (batch.samples[index - 1], batch.samples[index])
            isSorted = (one.familyIndex, one.metric) <= (two.familyIndex, two.metric)
        }
        if isSorted { return order }
        order.sort {
            let (one, two) = (batch.samples[Int($0)], batch.samples[Int($1)])
            return (one.familyIndex, one.metric, $0) < (two.familyIndex, two.metric, $1)
        }
        return order
    }

    private mutating func render(
        _ told: MetricBatch.Family, _ batch: MetricBatch, _ order: ArraySlice<Int32>
    ) throws(RefusedSample) -> RenderedFamily {
        guard Family.isValidName(told.name.utf8Span.span) else {
            throw RefusedSample(
                reason: .metricName, sentence: "invalid metric name \(Quoted.text(told.name))")
        }
        guard told.name.utf8.count <= limits.nameBytes else {
            throw RefusedSample(
                reason: .metricName,
                sentence:
                    "metric name \(Quoted.text(told.name)) is longer than \(limits.nameBytes) bytes"
            )
        }
        let kind = told.kind ?? .untyped
        let family = Family(told.name, kind, help: told.help)
        lines = RenderedLines()
        lines.reserve(order.count, bytes: order.count * (told.name.utf8.count + 48))
        var first = order.startIndex
        while first < order.endIndex {
            let sample = batch.samples[Int(order[first])]
            var last = first + 1
            while last < order.endIndex, batch.samples[Int(order[last])].metric == sample.metric {
                last += 1
            }
            try makePlan(sample, kind, told.name, batch)
            switch kind {
            case .histogram: writeHistogram(family, batch, order[first..<last])
            case .summary: writeSummary(family, batch, order[first..<last])
            default: write(family, "", nil, sample.value, sample, batch)
            }
            first = last
        }
        return RenderedFamily(
            family, text: lines.text, ends: lines.ends, identities: lines.identities)
    }

    // MARK: Labels

    /// Decides the order of a sample's labels and checks them.
    private mutating func makePlan(
        _ sample: MetricBatch.Sample, _ kind: Family.Kind, _ metric: String, _ batch: MetricBatch
    ) throws(RefusedSample) {
        let text = batch.text.span
        plan.removeAll(keepingCapacity: true)
        var hasInstance = !addsInstance
        for place in owned.indices {
            plan.append(.owned(place))
            if owned[place].name.span.equals("instance") { hasInstance = true }
        }
        for place in sample.labels {
            let label = batch.labels[place]
            let name = text.extracting(label.name)
            try check(label, kind, metric, batch)
            if name.equals("instance") { hasInstance = true }
            if owned.contains(where: { name.equals($0.name) }) { continue }
            plan.append(.sample(place))
        }
        if !hasInstance { plan.append(.owned(-1)) }
        guard plan.count <= limits.labels else {
            throw RefusedSample(
                reason: .labelCount,
                sentence:
                    "metric \(Quoted.text(metric)) has \(plan.count) labels, more than \(limits.labels)"
            )
        }
        // Few labels, mostly sorted: insertion beats everything else.
        for next in plan.indices.dropFirst() {
            var place = next
            while place > 0, precedes(plan[place], plan[place - 1], text, batch) {
                plan.swapAt(place, place - 1)
                place -= 1
            }
        }
        if kind == .histogram || kind == .summary { try checkBound(kind, metric, batch) }
    }

    /// The label that buckets and quantiles have of their own must not come from elsewhere.
    private func checkBound(
        _ kind: Family.Kind, _ metric: String, _ batch: MetricBatch
    ) throws(RefusedSample) {
        let bound: StaticString = kind == .histogram ? "le" : "quantile"
        for source in plan where name(source, batch.text.span, batch).equals(bound) {
            throw RefusedSample(
                reason: .labelName,
                sentence:
                    "metric \(Quoted.text(metric)) must not have an explicit \"\(bound)\" label")
        }
    }

    private func check(
        _ label: MetricBatch.Label, _ kind: Family.Kind, _ metric: String, _ batch: MetricBatch
    ) throws(RefusedSample) {
        let name = batch.text.span.extracting(label.name)
        if name.starts(with: "__") || !LabelSet.isValidName(name) {
            throw RefusedSample(
                reason: .labelName,
                sentence:
                    "metric \(Quoted.text(metric)) has a label with an invalid name: \(Quoted.text(name))"
            )
        }
        if name.count > limits.nameBytes || label.value.count > limits.valueBytes {
            throw RefusedSample(
                reason: .labelBytes,
                sentence:
                    "label \(Quoted.text(name)) of metric \(Quoted.text(metric)) is too long: at most \(limits.nameBytes) bytes of name and \(limits.valueBytes) of value"
            )
        }
    }

    private static let instance = Array("instance".utf8)

    @_lifetime(copy text)
    private func name(
        _ source: Source, _ text: Span<UInt8>, _ batch: MetricBatch
    ) -> Span<UInt8> {
        switch source {
        case .owned(let place):
            let name = place < 0 ? FamilyRenderer.instance.span : owned[place].name.span
            return unsafe _overrideLifetime(name, copying: text)
        case .sample(let place): return text.extracting(batch.labels[place].name)
        }
    }

    /// By name, `le` and `quantile` last, as in a `LabelSet`.
    private func precedes(
        _ one: Source, _ other: Source, _ text: Span<UInt8>, _ batch: MetricBatch
    ) -> Bool {
        let one = name(one, text, batch)
        let other = name(other, text, batch)
        let isLast = one.equals("le") || one.equals("quantile")
        let otherIsLast = other.equals("le") || other.equals("quantile")
        return isLast == otherIsLast ? one.precedes(other) : otherIsLast
    }

    // MARK: Lines

    /// Writes one line: the labels of the plan and perhaps a bound.
    private mutating func write(
        _ family: Family, _ suffix: StaticString, _ bound: Double?, _ value: Double,
        _ sample: MetricBatch.Sample, _ batch: MetricBatch
    ) {
        let text = batch.text.span
        let start = lines.text.count
        lines.append(family.nameBytes.span)
        for index in 0..<suffix.utf8CodeUnitCount { lines.append(unsafe suffix.utf8Start[index]) }
        let identity =
            suffix.utf8CodeUnitCount == 0
            ? family.identity
            : SeriesIdentity.of(family: lines.text.span.extracting(start..<lines.text.count))
        var hasher = IdentityHasher(identity)
        var isFirst = true
        for source in plan {
            let name = name(source, text, batch)
            escape(source, text, batch)
            writeLabel(name, isFirst)
            hasher.add(name: name, value: escaped.span)
            isFirst = false
        }
        if let bound {
            escaped = BucketBounds.canonical(bound)
            let name = (family.kind == .histogram ? FamilyRenderer.le : FamilyRenderer.quantile)
            writeLabel(name.span, isFirst)
            hasher.add(name: name.span, value: escaped.span)
            isFirst = false
        }
        if !isFirst { lines.append(0x7D) }
        lines.end(value, identity: hasher.finish())
    }

    private static let le = Array("le".utf8)
    private static let quantile = Array("quantile".utf8)

    private mutating func writeLabel(_ name: Span<UInt8>, _ isFirst: Bool) {
        lines.append(isFirst ? 0x7B : 0x2C)
        lines.append(name)
        lines.append(0x3D)
        lines.append(0x22)
        lines.append(escaped.span)
        lines.append(0x22)
    }

    /// Leaves a label's value in `escaped`.
    private mutating func escape(_ source: Source, _ text: Span<UInt8>, _ batch: MetricBatch) {
        escaped.removeAll(keepingCapacity: true)
        switch source {
        case .owned(let place):
            if place >= 0 { escaped += owned[place].value }
        case .sample(let place):
            let value = text.extracting(batch.labels[place].value)
            for index in value.indices {
                switch value[index] {
                case 0x5C: escaped += [0x5C, 0x5C]
                case 0x0A: escaped += [0x5C, 0x6E]
                case 0x22: escaped += [0x5C, 0x22]
                case let byte: escaped.append(byte)
                }
            }
        }
    }

    /// Buckets by bound, the one of `+Inf` made from the count when it is missing.
    private mutating func writeHistogram(
        _ family: Family, _ batch: MetricBatch, _ order: ArraySlice<Int32>
    ) {
        let samples = order.map { batch.samples[Int($0)] }
        let count = samples.last { $0.role == .count }?.value ?? 0
        let buckets = samples.filter { $0.role == .bucket }
        for bucket in FamilyRenderer.sorted(buckets) {
            write(family, "_bucket", bucket.bound, bucket.value, samples[0], batch)
        }
        if !buckets.contains(where: { $0.bound == .infinity }) {
            write(family, "_bucket", .infinity, count, samples[0], batch)
        }
        writeTotals(family, batch, samples, count)
    }

    private mutating func writeSummary(
        _ family: Family, _ batch: MetricBatch, _ order: ArraySlice<Int32>
    ) {
        let samples = order.map { batch.samples[Int($0)] }
        for quantile in FamilyRenderer.sorted(samples.filter { $0.role == .quantile }) {
            write(family, "", quantile.bound, quantile.value, samples[0], batch)
        }
        writeTotals(
            family, batch, samples, samples.last { $0.role == .count }?.value ?? 0)
    }

    private mutating func writeTotals(
        _ family: Family, _ batch: MetricBatch, _ samples: [MetricBatch.Sample], _ count: Double
    ) {
        let sum = samples.last { $0.role == .sum }?.value ?? 0
        write(family, "_sum", nil, sum, samples[0], batch)
        write(family, "_count", nil, count, samples[0], batch)
    }

    /// By bound; most come so.
    private static func sorted(_ samples: [MetricBatch.Sample]) -> [MetricBatch.Sample] {
        let isSorted = zip(samples, samples.dropFirst()).allSatisfy { $0.bound <= $1.bound }
        return isSorted ? samples : samples.sorted { $0.bound < $1.bound }
    }
}
