internal import Kernel
internal import Profiles
internal import Statistics

/// The report about a version: what its windows contain, in numbers and sentences.
extension WatchStore {
    /// The report as JSON: an object for each variant. Nil if the version is not watched.
    package func report(model: String, version: String) -> [UInt8]? {
        let variants = directory.withLock { directory in
            directory.variants.filter { $0.model == model && $0.version == version }
        }
        guard let first = variants.first else { return nil }
        let shown = Set(shownVariants.map(ObjectIdentifier.init))
        let parts = variants.filter { shown.contains(ObjectIdentifier($0)) }
        return CanonicalJSON.lines(
            .object([
                .init("model", .string(model)), .init("version", .string(version)),
                .init("profile_id", .string(first.layout.id)),
                .init("reference_rows", .count(first.layout.profile.rows)),
                .init(
                    "variants",
                    .array(parts.map { $0.report(rules(of: model)) })),
            ]))
    }
}

extension WatchedVariant {
    fileprivate func report(_ rules: WatchSettings.Rules) -> JSONNode {
        var object: [JSONNode.Member] = []
        if !variant.isEmpty { object.append(.init("variant", .string(variant))) }
        object.append(.init("has_windows", .boolean(hasWindows)))
        guard let evaluation else {
            object.append(.init("columns", .array([])))
            return .object(object)
        }
        let need = max(rules.drift.minimumRows, layout.rowsForBins)
        object += [
            .init(
                "window",
                .object([
                    .init("seconds", .count(Int(evaluation.seconds))),
                    .init("end", .number(evaluation.end)),
                    .init("rows", .count(evaluation.report.rows)),
                    .init("rows_needed", .count(need)),
                ])),
            .init("drift", .boolean(evaluation.report.hasDrift)),
            .init("features", .count(evaluation.featureCount)),
            .init("drifted_features", .count(evaluation.driftedCount)),
            .init(
                "columns",
                .array(
                    layout.columns.indices.map { number in
                        column(number, evaluation)
                    })),
        ]
        return .object(object)
    }

    private func column(_ number: Int, _ evaluation: Evaluation) -> JSONNode {
        let plan = layout.columns[number]
        let window = evaluation.columns[number]
        guard case .object(var object) = evaluation.report.columns[number].node.value else {
            return .object([])
        }
        func add(_ name: String, _ value: Double?) {
            if let value, value.isFinite { object.append(.init(name, .number(value))) }
        }
        add("min", window.minimum)
        add("max", window.maximum)
        add("missing_ratio", window.missingRatio)
        add("distinct_values", window.distinctCount?.rounded())
        if window.quantiles.count == Evaluation.quantiles.count {
            object.append(
                .init(
                    "quantiles",
                    .object(
                        zip(Evaluation.quantiles, window.quantiles).map {
                            .init($0.label, .number($1))
                        })))
        }
        if let rank = evaluation.report.columns[number].fine?.rankShift {
            object.append(
                .init("direction", .string(rank > 0 ? "up" : rank < 0 ? "down" : "none")))
        }
        if let summary = plan.numeric?.summary, let counts = plan.numericCounts(evaluation.tally) {
            object.append(.init("upper_edges", .array(summary.coarse.edges.map(JSONNode.number))))
            object.append(
                .init("reference_counts", .array(summary.coarse.counts.map(JSONNode.count))))
            let coarse = plan.numeric?.coarse(counts.bins) ?? []
            object.append(.init("counts", .array(coarse.map(JSONNode.number))))
        } else if let summary = plan.categorical?.summary,
            let counts = plan.categoricalCounts(evaluation.tally)
        {
            object.append(
                .init("categories", .array(summary.named.map { JSONNode.string($0.value) })))
            object.append(
                .init("reference_counts", .array(summary.binCounts.map(JSONNode.count))))
            object.append(
                .init("counts", .array(counts.bins.map { .number(Double($0)) })))
        }
        return .object(object)
    }
}
