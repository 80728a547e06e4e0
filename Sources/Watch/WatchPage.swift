package import Exposition
internal import Profiles
internal import Statistics

/// Which families a page has.
package struct WatchParts: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Counters and scores.
    package static let watch = WatchParts(rawValue: 1)
    /// What changes only with the profile.
    package static let reference = WatchParts(rawValue: 2)
}

/// The numbers of one variant on a page.
private struct VariantNumbers {
    let labels: VariantSeriesLabels
    let layout: Layout
    let threshold: Double
    /// By column on the page: its bins, then its slots. NaN is absent.
    var numbers: [Double] = []
    /// By column on the page: where its numbers begin.
    var starts: [Int] = []
    var outliers: (zScore: UInt64, tails: UInt64) = (0, 0)
    var dataset: (features: Int, drifted: Int)?
    var window: (seconds: Int64, end: Double)?

    func slot(_ slot: WatchFamilies.Slot, of place: Int) -> Double {
        numbers[starts[place] + labels.columns[place].bins.count + slot.rawValue]
    }
}

extension WatchStore {
    /// The types of all families of the watch by the hash of the name.
    package static var familyKinds: [UInt64: Family.Kind] {
        var kinds: [UInt64: Family.Kind] = [:]
        for family in WatchFamilies.all.families { kinds[family.identity] = family.kind }
        return kinds
    }

    /// Writes the families of the watch.
    package func write(_ parts: WatchParts, to page: inout Page) {
        let shown = shownVariants
        if shown.isEmpty { return }
        let all = shown.map { VariantNumbers($0, rules: rules(of: $0.model)) }
        let families = WatchFamilies.all
        for (subject, group) in zip(WatchFamilies.Subject.allCases, families.groups) {
            if parts.contains(.watch) { WatchStore.write(group, subject, all, to: &page) }
            if parts.contains(.reference) {
                WatchStore.writeReference(group, subject, all, to: &page)
            }
        }
        if !parts.contains(.watch) { return }
        page.begin(families.outlierRows)
        for one in all {
            page.put(families.outlierRows, one.labels.zScoreRows, Double(one.outliers.zScore))
            page.put(families.outlierRows, one.labels.tailRows, Double(one.outliers.tails))
        }
        WatchStore.write(families.datasetFeatures, all, to: &page) {
            $0.dataset.map { Double($0.features) }
        }
        WatchStore.write(families.driftedFeatures, all, to: &page) {
            $0.dataset.map { Double($0.drifted) }
        }
        WatchStore.write(families.driftRatio, all, to: &page) {
            $0.dataset.flatMap {
                $0.features == 0 ? nil : Double($0.drifted) / Double($0.features)
            }
        }
        WatchStore.write(families.windowSeconds, all, to: &page) {
            $0.window.map { Double($0.seconds) }
        }
        WatchStore.write(families.windowEnd, all, to: &page) { $0.window.map(\.end) }
        page.begin(families.profileInfo)
        for one in all {
            page.put(families.profileInfo, one.labels.info, 1)
        }
    }

    private static func write(
        _ family: Family, _ all: [VariantNumbers], to page: inout Page,
        value: (VariantNumbers) -> Double?
    ) {
        var hasBegun = false
        for one in all {
            guard let value = value(one) else { continue }
            if !hasBegun { page.begin(family) }
            hasBegun = true
            page.put(family, one.labels.base, value)
        }
    }

    private static func write(
        _ group: WatchFamilies.Group, _ subject: WatchFamilies.Subject, _ all: [VariantNumbers],
        to page: inout Page
    ) {
        var hasBegun = false
        for one in all {
            for (place, column) in one.labels.columns.enumerated()
            where one.isOf(subject, column) && !column.bins.isEmpty {
                if !hasBegun { page.begin(group.bins) }
                hasBegun = true
                for bin in column.bins.indices {
                    page.put(group.bins, column.bins[bin], one.numbers[one.starts[place] + bin])
                }
            }
        }
        for row in group.rows {
            hasBegun = false
            for one in all {
                for (place, column) in one.labels.columns.enumerated()
                where one.isOf(subject, column) {
                    for (slot, key) in row.slots {
                        let value = one.slot(slot, of: place)
                        if value.isNaN { continue }
                        if !hasBegun { page.begin(row.family) }
                        hasBegun = true
                        page.put(row.family, column.bytes(key), value)
                    }
                }
            }
        }
    }

    private static func writeReference(
        _ group: WatchFamilies.Group, _ subject: WatchFamilies.Subject, _ all: [VariantNumbers],
        to page: inout Page
    ) {
        func each(
            _ family: Family, bins: Bool, to page: inout Page,
            value: (VariantNumbers, LayoutColumn, Int) -> Double?
        ) {
            var hasBegun = false
            for one in all {
                for column in one.labels.columns where one.isOf(subject, column) {
                    let plan = one.layout.columns[column.number]
                    for place in 0..<(bins ? column.bins.count : 1) {
                        guard let value = value(one, plan, place) else { continue }
                        if !hasBegun { page.begin(family) }
                        hasBegun = true
                        let labels =
                            !bins
                            ? column.base
                            : family.identity == group.binInfo.identity
                                ? column.binInfos[place] : column.bins[place]
                        page.put(family, labels, value)
                    }
                }
            }
        }
        each(group.binInfo, bins: true, to: &page) { _, _, _ in 1 }
        each(group.binRatio, bins: true, to: &page) { _, plan, bin in plan.referenceShare(bin) }
        each(group.referenceObservations, bins: false, to: &page) { _, plan, _ in
            Double(plan.column.observations)
        }
        each(group.referenceMean, bins: false, to: &page) { _, plan, _ in
            plan.numeric?.summary.scale.mean
        }
        each(group.referenceDeviation, bins: false, to: &page) { _, plan, _ in
            plan.numeric?.summary.scale.deviation
        }
        each(group.referenceMinimum, bins: false, to: &page) { _, plan, _ in
            plan.numeric?.summary.minimum
        }
        each(group.referenceMaximum, bins: false, to: &page) { _, plan, _ in
            plan.numeric?.summary.maximum
        }
        each(group.referenceMissing, bins: false, to: &page) { _, plan, _ in
            Double(plan.column.missing) / Double(plan.column.rows)
        }
        each(group.threshold, bins: false, to: &page) { one, plan, _ in
            plan.scoredBinCount == 0 ? nil : one.threshold
        }
    }
}

extension Page {
    fileprivate mutating func put(_ family: Family, _ labels: [UInt8], _ value: Double) {
        row(family, labels: labels.span, value: value)
    }
}

extension LayoutColumn {
    /// Share of the reference in a bin.
    fileprivate func referenceShare(_ bin: Int) -> Double {
        let counts = numeric?.summary.coarse.counts ?? categorical?.summary.binCounts ?? []
        return Double(counts[bin]) / Double(max(column.observations, 1))
    }
}

extension VariantNumbers {
    /// Copies the numbers under the variant's lock.
    init(_ variant: WatchedVariant, rules: WatchSettings.Rules) {
        self.init(
            labels: variant.labels, layout: variant.layout, threshold: rules.drift.threshold)
        let (labels, layout) = (labels, layout)
        let made = variant.withNumbers { totals, evaluation in
            var made = VariantNumbers(
                labels: labels, layout: layout, threshold: rules.drift.threshold)
            made.outliers = (
                totals.words[Layout.Header.zScoreRows], totals.words[Layout.Header.tailRows]
            )
            for column in labels.columns { made.add(column, totals, evaluation, rules) }
            if let evaluation {
                made.dataset = (evaluation.featureCount, evaluation.driftedCount)
                made.window = (evaluation.seconds, evaluation.end)
            }
            return made
        }
        self = made
    }

    func isOf(_ subject: WatchFamilies.Subject, _ column: VariantSeriesLabels.Column) -> Bool {
        WatchFamilies.Subject(layout.columns[column.number].column.role) == subject
    }

    private mutating func add(
        _ column: VariantSeriesLabels.Column, _ totals: Tally, _ evaluation: Evaluation?,
        _ rules: WatchSettings.Rules
    ) {
        let plan = layout.columns[column.number]
        starts.append(numbers.count)
        let bins = numbers.count
        numbers += repeatElement(0, count: column.bins.count)
        for bin in 0..<plan.binCount {
            let coarse = plan.numeric.map { Int($0.coarseBins[bin]) } ?? bin
            numbers[bins + coarse] += Double(totals.words[plan.firstWord + bin])
        }
        let first = numbers.count
        numbers += repeatElement(.nan, count: WatchFamilies.Slot.allCases.count)
        func set(_ slot: WatchFamilies.Slot, _ value: Double?) {
            // A p-value may be -0.
            if let value { numbers[first + slot.rawValue] = value + 0.0 }
        }
        if plan.numeric != nil {
            set(.positiveSum, totals.double(plan.word(.positiveSum)))
            set(.negativeSum, totals.double(plan.word(.negativeSum)))
            set(.squareSum, totals.double(plan.word(.squareSum)))
            set(.clipped, Double(totals.words[plan.word(.clipped)]))
            set(.low, Double(totals.words[plan.word(.below)]))
            set(.high, Double(totals.words[plan.word(.above)]))
        } else if let reference = plan.categorical, reference.knowsUnseen {
            set(.unseen, Double(totals.words[plan.word(.unseen)]))
        }
        guard let evaluation else { return }
        let found = evaluation.report.columns[column.number]
        let window = evaluation.columns[column.number]
        set(.observations, Double(found.values))
        set(.missingRatio, window.missingRatio)
        set(.minimum, window.minimum)
        set(.maximum, window.maximum)
        set(.distinct, window.distinctCount)
        if window.quantiles.count == Evaluation.quantiles.count {
            set(.lowQuantile, window.quantiles[0])
            set(.median, window.quantiles[1])
            set(.highQuantile, window.quantiles[2])
        }
        // Without a verdict there are too few values for a score.
        guard let drifted = found.hasDrifted, let scores = found.scores else { return }
        set(.drifted, drifted ? 1 : 0)
        set(.excess, scores.psiExcess)
        if rules.methods.contains(.psi) {
            set(.psi, scores.psi)
            set(.psiPValue, scores.psiPValue)
        }
        set(.rankShift, (found.fine ?? found.ordered)?.rankShift)
        if rules.methods.contains(.ks), let fine = found.fine {
            set(.ks, fine.ksLower)
            set(.ksPValue, fine.ksPValue)
        }
    }
}
