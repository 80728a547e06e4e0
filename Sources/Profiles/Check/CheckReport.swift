package import Statistics

/// What a check has found.
package struct CheckReport: Sendable {
    /// A share of rows that is above the reference's by more than chance.
    package struct Quality: Sendable {
        /// What is counted.
        package enum Kind: String, CaseIterable, Sendable {
            case missing, infinite
            case outOfRange = "out_of_range"
            case unseen = "unseen_category"
            case type
        }

        package var kind: Kind
        package var count: Int
        /// Rows that it is a share of.
        package var rows: Int
        package var referenceCount: Int
        package var referenceRows: Int
        package var pValue: Double
        /// Whether it is a finding, after the correction for many tests.
        package var isFinding = false
    }

    /// What was found in a column.
    package struct Column: Sendable {
        package var name: String
        package var role: ProfileColumn.Role
        package var isNumerical: Bool
        package var isPresent: Bool
        package var rows: Int
        package var missing: Int
        /// Values in a bin.
        package var values: Int { Int(scores?.currentCount ?? 0) }
        /// Nil without statistics.
        package var scores: BinScores?
        /// Over the coarse bins, with sums of z.
        package var ordered: OrderedScores?
        /// KS and rank test over the fine bins.
        package var fine: OrderedScores?
        /// Nil when the column was not evaluated.
        package var hasDrifted: Bool?
        package var quality: [Quality]
        /// The commonest unseen categories, 20 at most.
        package var unseenNames: [CategoricalSummary.Category]
        package var meanShift: Double?
        package var deviationRatio: Double?
        package var sentences: [String] = []
    }

    package var model: String
    package var modelVersion: String
    package var profileID: String
    package var rows: Int
    package var referenceRows: Int
    package var columns: [Column]
    /// Columns of the file that the profile does not name.
    package var extraColumns: [String]

    package var hasDrift: Bool { columns.contains { $0.hasDrifted == true } }
    package var hasQualityFinding: Bool {
        columns.contains { $0.quality.contains(where: \.isFinding) }
    }

    /// A report of counts. `profileID` is the profile's id, whose computation takes long for a large one.
    package init(
        _ profile: Profile, profileID: String, rows: Int, counted: [CountedColumn],
        rule: DriftRule
    ) {
        self.init(
            profile, profileID: profileID, rows: rows, counters: counted.map(ColumnCounter.init),
            extraColumns: [], rule: rule)
    }

    init(
        _ profile: Profile, profileID: String? = nil, rows: Int, counters: [ColumnCounter],
        extraColumns: [String], rule: DriftRule
    ) {
        model = profile.model
        modelVersion = profile.modelVersion
        self.profileID = profileID ?? profile.id
        self.rows = rows
        referenceRows = profile.rows
        self.extraColumns = extraColumns
        columns = []
        let watched = counters.filter { $0.column.role.isCounted }
        for counter in watched {
            columns.append(Column(counter, rows: counter.ownRows ?? rows, rule: rule))
        }
        setDrifted(rule)
        setFindings(rule)
        for index in columns.indices {
            columns[index].sentences = DriftSentence.sentences(
                for: columns[index], counter: watched[index], rule: rule)
        }
    }

    /// Features are corrected together; every other column is a question of its own.
    private mutating func setDrifted(_ rule: DriftRule) {
        var families = [columns.indices.filter { columns[$0].role == .feature }]
        families += columns.indices.filter { columns[$0].role != .feature }.map { [$0] }
        for family in families {
            let evaluated = family.filter { columns[$0].scores != nil }
            let verdicts = rule.drifted(evaluated.compactMap { columns[$0].scores })
            for (index, verdict) in zip(evaluated, verdicts) { columns[index].hasDrifted = verdict }
        }
    }

    private mutating func setFindings(_ rule: DriftRule) {
        let places = columns.indices.flatMap { column in
            columns[column].quality.indices.map { (column, $0) }
        }
        let rejected = DriftRule.benjaminiHochberg(
            places.map { columns[$0.0].quality[$0.1].pValue }, rate: rule.falseDiscoveryRate)
        for ((column, index), isRejected) in zip(places, rejected) {
            columns[column].quality[index].isFinding = isRejected
        }
    }
}

extension CheckReport.Column {
    fileprivate init(_ counter: ColumnCounter, rows: Int, rule: DriftRule) {
        let column = counter.column
        name = column.name
        role = column.role
        isPresent = counter.isPresent
        self.rows = rows
        missing = rows - counter.values - counter.typeErrors
        quality = []
        unseenNames = []
        if case .numerical = column.content { isNumerical = true } else { isNumerical = false }
        // What a model gives back may come later or elsewhere; only features must be there.
        if !isPresent, role != .feature { return }
        if let reference = counter.numeric, let counts = counter.numericCounts {
            scores = reference.scores(counts, designEffect: rule.designEffect)
            ordered = reference.coarseOrderedScores(counts, designEffect: rule.designEffect)
            fine = reference.fineOrderedScores(counts, designEffect: rule.designEffect)
            meanShift = counts.meanShift
            deviationRatio = counts.deviationRatio
        } else if let reference = counter.categorical, let counts = counter.categoricalCounts {
            scores = reference.scores(counts, designEffect: rule.designEffect)
            unseenNames = counter.unseenNames
                .map { .init(value: String(decoding: $0.key, as: UTF8.self), count: $0.value) }
                .sorted { ($1.count, $0.value) < ($0.count, $1.value) }
                .prefix(20).map { $0 }
        }
        setQuality(counter)
    }

    private mutating func setQuality(_ counter: ColumnCounter) {
        let column = counter.column
        func add(
            _ kind: CheckReport.Quality.Kind, count: Int, of rows: Int, above reference: Int,
            of total: Int
        ) {
            let pValue = Proportions.pValueAbove(
                reference: reference, of: total, current: count, of: rows)
            quality.append(
                CheckReport.Quality(
                    kind: kind, count: count, rows: rows, referenceCount: reference,
                    referenceRows: total, pValue: pValue))
        }
        add(.missing, count: missing, of: rows, above: column.missing, of: column.rows)
        add(.type, count: counter.typeErrors, of: rows, above: 0, of: column.rows)
        switch column.content {
        case .none: break
        case .numerical(let summary, let positive, let negative):
            add(
                .infinite, count: counter.infinite, of: rows, above: positive + negative,
                of: column.rows)
            guard let counts = counter.numericCounts, summary != nil else { return }
            // Either extreme of the reference would itself have been out of the range of the others.
            add(
                .outOfRange, count: Int(counts.below + counts.above), of: Int(counts.finiteCount),
                above: 2,
                of: column.observations)
        case .categorical(let summary):
            guard let counts = counter.categoricalCounts, summary.hashes != nil else { return }
            add(
                .unseen, count: Int(counts.unseen), of: Int(counts.valueCount),
                above: summary.onceCount,
                of: column.observations)
        }
    }
}
