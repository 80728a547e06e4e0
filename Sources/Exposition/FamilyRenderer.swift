internal import Kernel
internal import Wire

/// Why a sample from outside is rejected.
package struct SampleError: Error, Sendable, Equatable {
    package enum Reason: String, Sendable, CaseIterable {
        case labelName = "label_name"
        case labelCount = "label_count"
        case labelBytes = "label_bytes"
        case metricName = "metric_name"
        /// A limit of `ReadingLimits`.
        case size
    }

    package let reason: Reason
    package let sentence: String
    /// The limit of `ReadingLimits` that is exceeded.
    package var limit: ReadingLimit?
}

/// Limits of names and labels from outside.
package struct LabelLimits: Sendable, Equatable {
    /// Labels of a series, those of its owner included.
    package var labels = 30
    /// Bytes of the name of a metric or a label.
    package var nameBytes = 255
    /// Bytes of a label's value.
    package var valueBytes = 1024

    package init() {}
}

/// Renders samples from outside as lines: labels sorted by name, an owner's labels instead of the
/// sample's own, histograms and summaries complete.
package struct FamilyRenderer {
    private let owned: [(name: String, value: String)]
    private let limits: LabelLimits
    private let addsInstance: Bool
    private let reading: ReadingLimits
    private var time: CPUAllowance?
    /// Of the families that are rendered: `RenderedFamily.byteCount` and `.memoryBytes`.
    private var renderedBytes = 0
    private var renderedMemory = 0
    private var claimedMemory = 0
    // The batch that is rendered, with the owner's labels after those of the samples.
    private var batch = ParsedExposition()
    private var ownedLabels = 0..<0
    /// The index of an empty label `instance`.
    private var instanceLabel = 0
    // The labels of the current sample in order, and the lines of its family.
    private var plan: [Int] = []
    private var lines = LineBuilder()

    /// `labels` replace labels of samples that have the same name. With `addsInstance`, a sample without
    /// the label `instance` gets an empty one, as Pushgateway adds it.
    package init(
        labels: [(name: String, value: String)] = [], addsInstance: Bool = false,
        limits: LabelLimits = LabelLimits(), reading: ReadingLimits = ReadingLimits()
    ) {
        self.reading = reading
        time = reading.time
        owned = labels
        self.limits = limits
        self.addsInstance = addsInstance
    }

    /// Renders the families that have samples, with these in their original order, except families whose
    /// names are in `skipped`. Throws at the first sample that is beyond a limit or has a label twice.
    package mutating func render(
        _ batch: consuming ParsedExposition, except skipped: Set<String> = []
    ) throws(SampleError) -> [RenderedFamily] {
        self.batch = batch
        defer { self.batch = ParsedExposition() }
        let first = self.batch.labels.count
        for label in owned { self.batch.addLabel(name: label.name, value: label.value) }
        ownedLabels = first..<first + owned.count
        instanceLabel = self.batch.labels.count
        self.batch.addLabel(name: "instance", value: "")
        return try render(except: skipped)
    }

    private mutating func render(
        except skipped: Set<String>
    ) throws(SampleError) -> [RenderedFamily] {
        let order = FamilyRenderer.order(of: batch)
        var rendered: [RenderedFamily] = []
        var first = 0
        while first < order.count {
            let index = batch.samples[Int(order[first])].family
            var last = first
            while last < order.count, batch.samples[Int(order[last])].family == index { last += 1 }
            let family = batch.families[index]
            if !skipped.contains(family.name) {
                rendered.append(try render(family, order: order[first..<last]))
            }
            first = last
        }
        return rendered
    }

    /// The samples sorted by family and metric, otherwise in their original order.
    private static func order(of batch: ParsedExposition) -> [Int32] {
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
        _ parsed: ParsedExposition.Family, order: ArraySlice<Int32>
    ) throws(SampleError) -> RenderedFamily {
        guard parsed.name.utf8Span.span.isMetricName else {
            throw SampleError(
                reason: .metricName, sentence: "invalid metric name \(Quoted.text(parsed.name))")
        }
        guard parsed.name.utf8.count <= limits.nameBytes else {
            throw SampleError(
                reason: .metricName,
                sentence:
                    "metric name \(Quoted.text(parsed.name)) is longer than \(limits.nameBytes) bytes"
            )
        }
        let kind = parsed.kind ?? .untyped
        let family = Family(parsed.name, kind: kind, help: parsed.help)
        lines = LineBuilder()
        lines.reserve(
            order.count, bytes: min(order.count * (parsed.name.utf8.count + 48), 1 << 20))
        var first = order.startIndex
        while first < order.endIndex {
            let sample = batch.samples[Int(order[first])]
            var last = first + 1
            while last < order.endIndex, batch.samples[Int(order[last])].metric == sample.metric {
                last += 1
            }
            try makePlan(sample, kind: kind, metric: parsed.name)
            switch kind {
            case .histogram: try writeHistogram(family, order: order[first..<last])
            case .summary: try writeSummary(family, order: order[first..<last])
            default: write(family, suffix: "", bound: nil, value: sample.value)
            }
            try checkSize()
            first = last
        }
        let rendered = RenderedFamily(
            family, text: lines.text, ends: lines.ends, identities: lines.identities)
        lines = LineBuilder()
        renderedBytes += rendered.byteCount
        renderedMemory += rendered.memoryBytes
        try checkSize()
        return rendered
    }

    /// Throws if the rendered families, with the lines of the next, exceed a limit.
    private mutating func checkSize() throws(SampleError) {
        if time?.isUsedUp() == true {
            throw FamilyRenderer.error(.time(reading.time?.seconds ?? 0))
        }
        let (text, count) = (lines.text.count, lines.ends.count)
        let bytes = renderedBytes + RenderedFamily.byteCount(lines: count, textBytes: text)
        if bytes > reading.bytes { throw FamilyRenderer.error(.bytes) }
        let memory = renderedMemory + RenderedFamily.memoryBytes(lines: count, textBytes: text)
        if memory <= claimedMemory { return }
        claimedMemory = memory + (64 << 10)
        do throws(ByteShortage) {
            try reading.rendering?.grow(to: claimedMemory)
        } catch {
            throw FamilyRenderer.error(.memory(error))
        }
    }

    private static func error(_ limit: ReadingLimit) -> SampleError {
        SampleError(reason: .size, sentence: limit.sentence, limit: limit)
    }

    // MARK: Labels

    /// Checks a sample's labels and puts them in order.
    private mutating func makePlan(
        _ sample: ParsedExposition.Sample, kind: Family.Kind, metric: String
    ) throws(SampleError) {
        plan.removeAll(keepingCapacity: true)
        plan.append(contentsOf: ownedLabels)
        var hasInstance =
            !addsInstance || ownedLabels.contains { isNamed($0, name: FamilyRenderer.instance) }
        for place in sample.labels {
            try check(place, metric: metric)
            if isNamed(place, name: FamilyRenderer.instance) { hasInstance = true }
            if !ownedLabels.contains(where: { order($0, other: place) == 0 }) { plan.append(place) }
        }
        if !hasInstance { plan.append(instanceLabel) }
        guard plan.count <= limits.labels else {
            throw SampleError(
                reason: .labelCount,
                sentence:
                    "metric \(Quoted.text(metric)) has \(plan.count) labels, more than \(limits.labels)"
            )
        }
        // Insertion sort: labels are few and mostly sorted already.
        for next in plan.indices.dropFirst() {
            var place = next
            while place > 0, order(plan[place], other: plan[place - 1]) < 0 {
                plan.swapAt(place, place - 1)
                place -= 1
            }
        }
        for index in plan.indices.dropFirst() where order(plan[index - 1], other: plan[index]) == 0
        {
            throw SampleError(
                reason: .labelName,
                sentence:
                    "metric \(Quoted.text(metric)) has two or more labels with the same name")
        }
        if kind == .histogram { try checkBound(FamilyRenderer.le, metric: metric) }
        if kind == .summary { try checkBound(FamilyRenderer.quantile, metric: metric) }
    }

    /// Rejects a label `le` or `quantile` that is not the bound of a bucket or quantile.
    private func checkBound(_ bound: [UInt8], metric: String) throws(SampleError) {
        if plan.contains(where: { isNamed($0, name: bound) }) {
            throw SampleError(
                reason: .labelName,
                sentence:
                    "metric \(Quoted.text(metric)) must not have an explicit \(Quoted.text(bound.span)) label"
            )
        }
    }

    private func check(_ place: Int, metric: String) throws(SampleError) {
        let label = batch.labels[place]
        let name = batch.text.span.extracting(label.name)
        if !name.isClientLabelName {
            throw SampleError(
                reason: .labelName,
                sentence:
                    "metric \(Quoted.text(metric)) has a label with an invalid name: \(Quoted.text(name))"
            )
        }
        if name.count > limits.nameBytes || label.value.count > limits.valueBytes {
            throw SampleError(
                reason: .labelBytes,
                sentence:
                    "label \(Quoted.text(name)) of metric \(Quoted.text(metric)) is too long: at most \(limits.nameBytes) bytes of name and \(limits.valueBytes) of value"
            )
        }
    }

    private static let instance = Array("instance".utf8)
    private static let le = Array("le".utf8)
    private static let quantile = Array("quantile".utf8)

    private func isNamed(_ place: Int, name: [UInt8]) -> Bool {
        batch.text.span.extracting(batch.labels[place].name).equals(name)
    }

    /// Compares by name, with `le` and `quantile` last as in a `LabelSet`; 0 means the same name.
    private func order(_ one: Int, other: Int) -> Int {
        let (one, other) = (batch.labels[one].name, batch.labels[other].name)
        if one == other { return 0 }
        let oneName = batch.text.span.extracting(one)
        let otherName = batch.text.span.extracting(other)
        if oneName.equals(otherName) { return 0 }
        let isLast = oneName.equals("le") || oneName.equals("quantile")
        let otherIsLast = otherName.equals("le") || otherName.equals("quantile")
        if isLast != otherIsLast { return isLast ? 1 : -1 }
        return oneName.precedes(otherName) ? -1 : 1
    }

    // MARK: Lines

    /// Writes one line with the labels in `plan` and the bound, if there is one.
    private mutating func write(
        _ family: Family, suffix: StaticString, bound: Double?, value: Double
    ) {
        lines.append(family.nameBytes.span)
        for index in 0..<suffix.utf8CodeUnitCount { lines.append(unsafe suffix.utf8Start[index]) }
        var hasher = SeriesHasher(family.identity)
        hasher.add(suffix)
        let text = batch.text
        var opening: UInt8 = 0x7B
        for place in plan {
            let label = batch.labels[place]
            lines.append(
                label: text.span.extracting(label.name), value: text.span.extracting(label.value),
                opening: opening, hasher: &hasher)
            opening = 0x2C
        }
        if let bound {
            let name = family.kind == .histogram ? FamilyRenderer.le : FamilyRenderer.quantile
            let text = BucketBounds.canonical(bound)
            lines.append(label: name.span, value: text.span, opening: opening, hasher: &hasher)
            opening = 0x2C
        }
        if opening == 0x2C { lines.append(0x7D) }
        lines.end(value, identity: hasher.finish())
    }

    /// Writes the buckets by bound, with `+Inf` from the count if it is missing.
    private mutating func writeHistogram(
        _ family: Family, order: ArraySlice<Int32>
    ) throws(SampleError) {
        let samples = order.map { batch.samples[Int($0)] }
        let count = samples.last { $0.role == .count }?.value ?? 0
        let buckets = samples.filter { $0.role == .bucket }
        for bucket in FamilyRenderer.sorted(buckets) {
            write(family, suffix: "_bucket", bound: bucket.bound, value: bucket.value)
            try checkSize()
        }
        if !buckets.contains(where: { $0.bound == .infinity }) {
            write(family, suffix: "_bucket", bound: .infinity, value: count)
        }
        writeTotals(family, samples: samples, count: count)
    }

    private mutating func writeSummary(
        _ family: Family, order: ArraySlice<Int32>
    ) throws(SampleError) {
        let samples = order.map { batch.samples[Int($0)] }
        for quantile in FamilyRenderer.sorted(samples.filter { $0.role == .quantile }) {
            write(family, suffix: "", bound: quantile.bound, value: quantile.value)
            try checkSize()
        }
        writeTotals(family, samples: samples, count: samples.last { $0.role == .count }?.value ?? 0)
    }

    private mutating func writeTotals(
        _ family: Family, samples: [ParsedExposition.Sample], count: Double
    ) {
        write(
            family, suffix: "_sum", bound: nil, value: samples.last { $0.role == .sum }?.value ?? 0)
        write(family, suffix: "_count", bound: nil, value: count)
    }

    /// Sorted by bound, as most clients send them.
    private static func sorted(_ samples: [ParsedExposition.Sample]) -> [ParsedExposition.Sample] {
        let isSorted = zip(samples, samples.dropFirst()).allSatisfy { $0.bound <= $1.bound }
        return isSorted ? samples : samples.sorted { $0.bound < $1.bound }
    }
}
