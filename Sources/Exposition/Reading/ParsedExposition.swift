internal import Kernel

/// Families and samples as a body told them, in text 0.0.4 or in delimited protobuf.
///
/// Names and values of labels stand in one block of memory and samples point into it: 100,000
/// samples are a handful of arrays. A histogram and a summary are several samples of one metric.
package struct ParsedExposition: Sendable {
    package struct Family: Sendable {
        /// As the samples have it, without the suffixes of histograms and summaries.
        package let name: String
        /// Nil as long as neither a TYPE line nor a sample has come.
        package internal(set) var kind: Exposition.Family.Kind?
        /// Nil without a HELP line.
        package internal(set) var help: String?
        package internal(set) var sampleCount = 0
    }

    /// What a sample is to its metric.
    package enum Role: UInt8, Sendable {
        /// The value of a counter, a gauge or an untyped metric.
        case value
        /// `_sum` and `_count` of a histogram or a summary.
        case sum, count
        /// A cumulative bucket of a histogram; the bound is the sample's.
        case bucket
        /// A quantile of a summary; the quantile is the sample's bound.
        case quantile
        /// Tells only that the histogram or summary is there.
        case presence
    }

    package struct Sample: Sendable {
        let familyIndex: Int32
        /// The samples of one histogram or summary share it.
        let metric: Int32
        let firstLabel: Int32
        let labelCount: Int32
        package let role: Role
        package let bound: Double
        package let value: Double

        package var family: Int { Int(familyIndex) }
        var labels: Range<Int> { Int(firstLabel)..<Int(firstLabel) + Int(labelCount) }
    }

    /// Where a label's name and value stand in `text`, unescaped; valid UTF-8.
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
    /// Whether any sample came with a time of its own.
    package internal(set) var hasTimestamps = false
    var labels: [Label] = []
    var text: [UInt8] = []
    var metricCount = 0
    private var slots: [String: Int] = [:]

    package init() {}

    /// The position of the family of this name, nil when there is none.
    package func family(named name: String) -> Int? { slots[name] }

    /// The position of the family of this name, which is there from now on.
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

    /// Forgets the samples of a family that is told anew.
    mutating func dropSamples(ofFamily name: String) {
        guard let place = slots[name] else { return }
        samples.removeAll { $0.family == place }
        families[place].sampleCount = 0
    }

    mutating func append(text bytes: Span<UInt8>) {
        _ = store(bytes)
    }

    mutating func newMetric() -> Int {
        metricCount += 1
        return metricCount - 1
    }

    /// Adds a label behind the last one; its value stands in `text` from `valueStart` to the end.
    /// Where the label at `model` has the same name or value, its bytes are used again: neighbouring
    /// samples mostly differ in one label.
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

    /// The largest body that a batch can hold: positions have 32 bits.
    package static let bodyLimit = Int(Int32.max) / 2
}
