internal import Kernel

/// Finds the lines of a rendered family whose values OpenMetrics 1.0 forbids.
///
/// A client may push a counter of NaN or a histogram whose buckets decrease, and Prometheus reads
/// both. A strict OpenMetrics parser rejects the whole page for one of them, so that one pusher would
/// cost the reader the metrics of the machine. As few lines as possible are forbidden, because
/// Prometheus asks for OpenMetrics, too.
struct OpenMetricsValues {
    let family: Family
    let text: [UInt8]
    let ends: [Int32]

    /// The parts of a histogram or summary as the suffixes of its lines tell them.
    private enum Role {
        case bound, sum, count
    }

    /// In order, without overlaps.
    var forbiddenLines: [Range<Int>] {
        switch family.kind {
        case .counter where family.isTotal:
            return ends.indices.filter { !isCount(value($0)) }.map { $0..<$0 + 1 }
        case .summary: return ends.indices.filter { !isSummaryLine($0) }.map { $0..<$0 + 1 }
        case .histogram: return forbiddenHistogramLines
        // A counter without `_total` has no type in OpenMetrics.
        case .counter, .gauge, .untyped: return []
        }
    }

    private func isSummaryLine(_ line: Int) -> Bool {
        let value = value(line)
        switch role(line) {
        // Without observations a quantile is NaN.
        case .bound: return (0...1).contains(bound(line)) && !(value < 0)
        case .sum: return isCount(value)
        case .count: return isWhole(value)
        }
    }

    private var forbiddenHistogramLines: [Range<Int>] {
        var forbidden: [Range<Int>] = []
        var first = 0
        // Each histogram ends with its sum and its count.
        for line in ends.indices where role(line) == .count {
            let count = forbiddenCount(ofHistogram: first..<line + 1)
            if count > 0 { forbidden.append(line + 1 - count..<line + 1) }
            first = line + 1
        }
        return forbidden
    }

    /// How many of a histogram's lines are forbidden, from its end: none, the sum and the count, which
    /// may be there only together, or all.
    private func forbiddenCount(ofHistogram lines: Range<Int>) -> Int {
        var (previousBound, previous) = (-Double.infinity, 0.0)
        var (hasNegativeBound, isSumAllowed) = (false, true)
        for line in lines {
            let value = value(line)
            switch role(line) {
            case .bound:
                let bound = bound(line)
                let isFirst = line == lines.lowerBound
                guard bound > previousBound || isFirst && !bound.isNaN, isWhole(value),
                    value >= previous
                else { return lines.count }
                if bound < 0 { hasNegativeBound = true }
                (previousBound, previous) = (bound, value)
            case .sum: isSumAllowed = isCount(value)
            case .count:
                if previousBound != .infinity { return lines.count }
                // Of observations below 0 the sum may decrease: OpenMetrics forbids it, clients leave
                // it and the count out, and the count is then 0 here.
                if hasNegativeBound { return 2 }
                if value != previous { return lines.count }
            }
        }
        return isSumAllowed ? 0 : 2
    }

    private func isCount(_ value: Double) -> Bool { value >= 0 }

    private func isWhole(_ value: Double) -> Bool {
        value >= 0 && value.isFinite && value == value.rounded()
    }

    // MARK: Lines

    private func line(_ index: Int) -> Range<Int> {
        (index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index])
    }

    private func value(_ index: Int) -> Double {
        let text = self.text
        let line = text.span.extracting(self.line(index))
        guard let blank = line.lastOffset(of: 0x20) else { return .nan }
        return FloatText.value(of: line.extracting(blank + 1..<line.count - 1)) ?? .nan
    }

    /// The value of the last label, `le` or `quantile`.
    private func bound(_ index: Int) -> Double {
        let text = self.text
        let line = text.span.extracting(self.line(index))
        guard let end = line.lastOffset(of: 0x22),
            let start = line.extracting(0..<end).lastOffset(of: 0x22)
        else { return .nan }
        return FloatText.value(of: line.extracting(start + 1..<end)) ?? .nan
    }

    private func role(_ index: Int) -> Role {
        let suffix = line(index).lowerBound + family.nameBytes.count
        // The line of a quantile has a brace here.
        guard text[suffix] == UInt8(ascii: "_") else { return .bound }
        switch text[suffix + 1] {
        case UInt8(ascii: "s"): return .sum
        case UInt8(ascii: "c"): return .count
        default: return .bound
        }
    }
}
