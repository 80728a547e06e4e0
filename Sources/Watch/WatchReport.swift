internal import Kernel
internal import Profiles
internal import Statistics

/// The report about a version: what its windows contain, in numbers and sentences.
extension WatchStore {
    /// The report as JSON: an object for each variant. Nil if the version is not watched.
    package func report(model: String, version: String) -> [UInt8]? {
        let shown = shownVariants.filter { $0.model == model && $0.version == version }
        guard let first = shown.first else { return nil }
        return CanonicalJSON.lines(
            .object([
                member("model", .string(model)), member("version", .string(version)),
                member("profile_id", .string(first.layout.id)),
                member("reference_rows", .count(first.layout.profile.rows)),
                member("variants", .array(shown.map { $0.report(rules(of: model)) })),
            ]))
    }
}

private func member(_ name: String, _ value: JSONNode) -> JSONNode.Member {
    JSONNode.Member(name, value: value)
}

extension WatchedVariant {
    fileprivate func report(_ rules: WatchSettings.Rules) -> JSONNode {
        var object: [JSONNode.Member] = []
        if !variant.isEmpty { object.append(member("variant", .string(variant))) }
        object.append(member("has_windows", .boolean(hasWindows)))
        guard let evaluation else {
            object.append(member("columns", .array([])))
            return .object(object)
        }
        let needed = max(rules.drift.minimumRows, layout.rowsForBins)
        let window: [JSONNode.Member] = [
            member("seconds", .count(Int(evaluation.seconds))),
            member("end", .number(evaluation.end)),
            member("rows", .count(evaluation.report.rows)),
            member("rows_needed", .count(needed)),
        ]
        object.append(member("window", .object(window)))
        object.append(member("drift", .boolean(evaluation.report.hasDrift)))
        object.append(member("features", .count(evaluation.featureCount)))
        object.append(member("drifted_features", .count(evaluation.driftedCount)))
        let columns = layout.columns.indices.map { column($0, in: evaluation) }
        object.append(member("columns", .array(columns)))
        return .object(object)
    }

    private func column(_ number: Int, in evaluation: Evaluation) -> JSONNode {
        let plan = layout.columns[number]
        let found = evaluation.report.columns[number]
        let window = evaluation.columns[number]
        guard case .object(var object) = found.node.value else { return .object([]) }
        func add(_ name: String, _ value: Double?) {
            if let value, value.isFinite { object.append(member(name, .number(value))) }
        }
        add("min", window.minimum)
        add("max", window.maximum)
        add("missing_ratio", window.missingRatio)
        add("distinct_values", window.distinctCount?.rounded())
        if window.quantiles.count == Evaluation.quantiles.count {
            let quantiles = zip(Evaluation.quantiles, window.quantiles).map {
                member($0.label, .number($1))
            }
            object.append(member("quantiles", .object(quantiles)))
        }
        if let rank = found.fine?.rankShift {
            let direction = rank > 0 ? "up" : rank < 0 ? "down" : "none"
            object.append(member("direction", .string(direction)))
        }
        if let summary = plan.numeric?.summary, let counts = plan.numericCounts(evaluation.tally) {
            let current = plan.numeric?.coarse(counts.bins) ?? []
            let edges = summary.coarse.edges.map(JSONNode.number)
            let reference = summary.coarse.counts.map(JSONNode.count)
            object.append(member("upper_edges", .array(edges)))
            object.append(member("reference_counts", .array(reference)))
            object.append(member("counts", .array(current.map(JSONNode.number))))
        } else if let summary = plan.categorical?.summary,
            let counts = plan.categoricalCounts(evaluation.tally)
        {
            let names = summary.named.map { JSONNode.string($0.value) }
            let reference = summary.binCounts.map(JSONNode.count)
            let current = counts.bins.map { JSONNode.number(Double($0)) }
            object.append(member("categories", .array(names)))
            object.append(member("reference_counts", .array(reference)))
            object.append(member("counts", .array(current)))
        }
        return .object(object)
    }
}
