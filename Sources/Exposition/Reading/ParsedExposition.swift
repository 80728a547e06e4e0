internal import Kernel

/// The families and samples of a body in text 0.0.4 or delimited protobuf.
///
/// Names and values of labels are in one block of memory and samples point into it, so that 100,000
/// samples take a few allocations. A histogram or summary is several samples with one `metric`.
package struct ParsedExposition: Sendable {
    package struct Family: Sendable {
        /// The samples' name, without the suffixes of histograms and summaries.
        package let name: String
        /// Nil until a TYPE line or a sample has been read.
        package internal(set) var kind: Exposition.Family.Kind?
        /// Nil without a HELP line.
        package internal(set) var help: String?
        package internal(set) var sampleCount = 0
        /// The first sample of `samples` that belongs to the family; earlier ones were dropped.
        var firstSample = 0
    }

    /// The part of a metric that a sample is.
    package enum Role: UInt8, Sendable {
        /// The value of a counter, a gauge or an untyped metric.
        case value
        /// `_sum` and `_count` of a histogram or a summary.
        case sum, count
        /// A cumulative bucket of a histogram; the bound is the sample's.
        case bucket
        /// A quantile of a summary; the quantile is the sample's bound.
        case quantile
        /// A line without a bound: the histogram or summary exists, and nothing else is known from it.
        case presence
    }

    package struct Sample: Sendable {
        let familyIndex: Int32
        /// The number of the metric: the samples of one histogram or summary share it.
        let metric: Int32
        let firstLabel: Int32
        let labelCount: Int32
        package let role: Role
        package let bound: Double
        package let value: Double

        package var family: Int { Int(familyIndex) }
        var labels: Range<Int> { Int(firstLabel)..<Int(firstLabel) + Int(labelCount) }
    }

    /// The positions of a label's name and value in `text`: unescaped, valid UTF-8.
    struct Label: Sendable {
        let nameStart: Int32
        let nameCount: Int32
        let valueStart: Int32
        let valueCount: Int32

        var name: Range<Int> { Int(nameStart)..<Int(nameStart) + Int(nameCount) }
        var value: Range<Int> { Int(valueStart)..<Int(valueStart) + Int(valueCount) }
    }

    package internal(set) var families: [Family] = []
    package internal(set) var samples: [Sample] = []
    /// Whether any sample has a timestamp.
    package internal(set) var hasTimestamps = false
    var labels: [Label] = []
    var text: [UInt8] = []
    var metricCount = 0
    private var hasDroppedSamples = false
    private var slots: [String: Int] = [:]

    package init() {}

    /// The memory that it takes, approximately.
    var memoryBytes: Int {
        samples.count * MemoryLayout<Sample>.stride + labels.count * MemoryLayout<Label>.stride
            + text.count + families.count * 224
    }

    /// The index of the family of this name in `families`, or nil if it is not present.
    package func family(named name: String) -> Int? { slots[name] }

    /// The index of the family of this name, which is added if it is missing.
    mutating func addFamily(_ name: String) -> Int {
        if let place = slots[name] { return place }
        let place = families.count
        slots[name] = place
        families.append(Family(name: name))
        return place
    }

    mutating func append(
        family: Int, metric: Int, labels: Range<Int>, role: Role, bound: Double = .nan,
        value: Double
    ) {
        families[family].sampleCount += 1
        samples.append(
            Sample(
                familyIndex: Int32(truncatingIfNeeded: family),
                metric: Int32(truncatingIfNeeded: metric),
                firstLabel: Int32(truncatingIfNeeded: labels.lowerBound),
                labelCount: Int32(truncatingIfNeeded: labels.count),
                role: role, bound: bound, value: value))
    }

    /// Drops the samples of a family that the body has again: the later message replaces it.
    ///
    /// They are only marked here and removed by `removeDroppedSamples`: removing them at once costs a
    /// pass over all samples for every repeated name, and a message of one byte can repeat one.
    mutating func dropSamples(ofFamily name: String) {
        guard let place = slots[name], families[place].sampleCount > 0 else { return }
        families[place].firstSample = samples.count
        families[place].sampleCount = 0
        hasDroppedSamples = true
    }

    /// Removes all dropped samples in one pass.
    mutating func removeDroppedSamples() {
        guard hasDroppedSamples else { return }
        var kept: [Sample] = []
        kept.reserveCapacity(samples.count)
        for (index, sample) in samples.enumerated()
        where index >= families[sample.family].firstSample {
            kept.append(sample)
        }
        samples = kept
        hasDroppedSamples = false
    }

    mutating func append(text bytes: Span<UInt8>) {
        _ = store(bytes)
    }

    mutating func newMetric() -> Int {
        metricCount += 1
        return metricCount - 1
    }

    /// Adds a label whose value is in `text` from `valueStart` to the end. If the label at `model` has
    /// the same name or value, its bytes are used again: neighbouring samples mostly differ in one
    /// label.
    mutating func addLabel(name: Span<UInt8>, valueStart: Int, like model: Int?) {
        var newName: Range<Int>?
        var newValue = valueStart..<text.count
        if let model, model < labels.count {
            let known = labels[model]
            if name.equals(text.span.extracting(known.name)) { newName = known.name }
            if text.span.extracting(newValue).equals(text.span.extracting(known.value)) {
                text.removeSubrange(newValue)
                newValue = known.value
            }
        }
        let nameRange = newName ?? store(name)
        labels.append(
            Label(
                nameStart: Int32(truncatingIfNeeded: nameRange.lowerBound),
                nameCount: Int32(truncatingIfNeeded: nameRange.count),
                valueStart: Int32(truncatingIfNeeded: newValue.lowerBound),
                valueCount: Int32(truncatingIfNeeded: newValue.count)))
    }

    private mutating func store(_ bytes: Span<UInt8>) -> Range<Int> {
        let start = text.count
        for index in bytes.indices { text.append(bytes[index]) }
        return start..<text.count
    }

    mutating func addLabel(name: String, value: String) {
        let start = text.count
        text += value.utf8
        addLabel(name: name.utf8Span.span, valueStart: start, like: nil)
    }

    /// The labels of a sample by name, without `le` and `quantile` of histograms and summaries.
    package func labels(of sample: Sample) -> [(name: String, value: String)] {
        let text = text.span
        var result: [(name: String, value: String)] = []
        for label in labels[sample.labels] {
            result.append(
                (text.extracting(label.name).string, text.extracting(label.value).string))
        }
        return result
    }

    /// Largest number of labels of one sample while a body is parsed. Duplicate names are found by
    /// comparing each name with the earlier ones of its sample, so that this bounds the cost per label;
    /// the lower limit of a series (`LabelLimits.labels`) is checked when samples are rendered.
    static let labelLimit = 64

    /// Largest body in bytes: positions have 32 bits, and unescaping never makes a text longer than
    /// twice its bytes.
    package static let bodyLimit = Int(Int32.max) / 2
}
