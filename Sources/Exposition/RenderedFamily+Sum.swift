internal import Kernel

/// Why samples cannot be added.
package struct SumConflictError: Error, Sendable, Equatable {
    package let sentence: String
}

extension RenderedFamily {
    /// A family with one series.
    package convenience init(_ family: Family, labels: LabelSet, value: Double) {
        let series = Series(family, labels: labels)
        var lines = LineBuilder()
        let text = series.text
        lines.append(text.span.extracting(first: text.count - 1))
        lines.end(value, identity: series.identity)
        self.init(
            family, text: lines.text, ends: lines.ends, identities: lines.identities)
    }

    /// The sums of these samples and those of `increment`, series by series; a series that only one of
    /// them has is copied. Both are counters, or both histograms, of the same name. Throws if a value of
    /// `increment` is negative or not finite, or if a histogram has other bounds in the two.
    package func adding(_ increment: RenderedFamily) throws(SumConflictError) -> RenderedFamily {
        precondition(increment.family.identity == family.identity)
        precondition(increment.family.kind == family.kind)
        try increment.checkAddable()
        var slots: [UInt64: Int] = [:]
        for line in 0..<count { slots[identities[line]] = line }
        var increments = [Double?](repeating: nil, count: count)
        var added: [Range<Int>] = []
        for metric in increment.metrics {
            if slots[increment.identities[metric.upperBound - 1]] == nil {
                added.append(metric)
            } else {
                try increment.place(metric, in: self, slots: slots, increments: &increments)
            }
        }
        var lines = LineBuilder()
        lines.reserve(
            count + increment.count, bytes: text.count + increment.text.count + 8 * count)
        let (text, more) = (self.text, increment.text)
        for line in 0..<count {
            let bytes = text.span.extracting(self.line(line))
            if let difference = increments[line] {
                lines.append(
                    line: bytes, value: value(line) + difference, identity: identities[line])
            } else {
                lines.append(line: bytes, identity: identities[line])
            }
        }
        for metric in added {
            for line in metric {
                lines.append(
                    line: more.span.extracting(increment.line(line)),
                    identity: increment.identities[line])
            }
        }
        let help = increment.family.help == nil ? family : increment.family
        return RenderedFamily(
            help, text: lines.text, ends: lines.ends, identities: lines.identities)
    }

    /// Throws if the samples cannot be added to others: a gauge, or a value that is negative or not
    /// finite.
    package func checkAddable() throws(SumConflictError) {
        if family.kind != .counter && family.kind != .histogram {
            throw SumConflictError(
                sentence: "a \(family.kind.word) cannot be added up: \(family.name)")
        }
        for line in 0..<count {
            let value = value(line)
            let isSum = family.kind == .histogram && role(line) == RenderedFamily.sum
            guard value.isFinite, isSum || value >= 0 else {
                throw SumConflictError(
                    sentence:
                        "only numbers from 0 up can be added to: \(series(line))")
            }
        }
    }

    /// Stores the values of a metric at the indices of the lines of `sum` that they are added to.
    private func place(
        _ metric: Range<Int>, in sum: RenderedFamily, slots: [UInt64: Int],
        increments: inout [Double?]
    ) throws(SumConflictError) {
        guard let end = slots[identities[metric.upperBound - 1]],
            sum.lines(endingAt: end) == metric.count
        else { throw otherBounds(metric) }
        for line in metric {
            guard let place = slots[identities[line]] else { throw otherBounds(metric) }
            // A series that is in a body twice is rejected later, with its name.
            increments[place] = (increments[place] ?? 0) + value(line)
        }
    }

    private func otherBounds(_ metric: Range<Int>) -> SumConflictError {
        SumConflictError(
            sentence:
                "histograms with other bounds cannot be added up: \(series(metric.upperBound - 1))"
        )
    }

    /// The lines of each metric: one, or all of a histogram, which ends with its count.
    private var metrics: [Range<Int>] {
        guard family.kind == .histogram else { return (0..<count).map { $0..<$0 + 1 } }
        var metrics: [Range<Int>] = []
        var first = 0
        for line in 0..<count where role(line) == RenderedFamily.count {
            metrics.append(first..<line + 1)
            first = line + 1
        }
        return metrics
    }

    /// The number of lines of the metric whose last line this is.
    private func lines(endingAt last: Int) -> Int {
        guard family.kind == .histogram else { return 1 }
        var first = last
        while first > 0, role(first - 1) != RenderedFamily.count { first -= 1 }
        return last - first + 1
    }

    private static let sum = UInt8(ascii: "s")
    private static let count = UInt8(ascii: "c")

    /// The first letter of a histogram line's suffix `_sum`, `_count` or `_bucket`.
    private func role(_ line: Int) -> UInt8 {
        text[self.line(line).lowerBound + family.nameBytes.count + 1]
    }

}
