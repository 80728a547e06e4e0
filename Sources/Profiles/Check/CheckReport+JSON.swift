internal import Statistics

extension CheckReport {
    /// The report as JSON, a line for each column. What was not computed is absent.
    package var json: String {
        String(decoding: CanonicalJSON.lines(node), as: UTF8.self)
    }

    private var node: JSONNode {
        .object([
            .init("model", value: .string(model)), .init("version", value: .string(modelVersion)),
            .init("profile_id", value: .string(profileID)), .init("rows", value: .count(rows)),
            .init("reference_rows", value: .count(referenceRows)),
            .init("drift", value: .boolean(hasDrift)),
            .init("quality", value: .boolean(hasQualityFinding)),
            .init("extra_columns", value: .array(extraColumns.map(JSONNode.string))),
            .init("columns", value: .array(columns.map(\.node))),
        ])
    }
}

extension CheckReport.Column {
    /// The column as JSON.
    package var node: JSONNode {
        var object: [JSONNode.Member] = [
            .init("name", value: .string(name)), .init("role", value: .string(role.rawValue)),
            .init("type", value: .string(isNumerical ? "numerical" : "categorical")),
            .init("present", value: .boolean(isPresent)), .init("rows", value: .count(rows)),
            .init("missing", value: .count(missing)),
        ]
        func add(_ name: String, value: Double?) {
            if let value, value.isFinite { object.append(.init(name, value: .number(value))) }
        }
        if let scores, !scores.isUndefined {
            add("observations", value: scores.currentCount)
            add("psi", value: scores.psi)
            add("psi_noise", value: scores.psiNoise)
            add("psi_excess", value: scores.psiExcess)
            add("psi_pvalue", value: scores.psiPValue)
            add("js_distance", value: scores.jensenShannonDistance)
            add("hellinger", value: scores.hellinger)
            add("total_variation", value: scores.totalVariation)
            add("chi_square", value: scores.chiSquare)
            add("chi_square_pvalue", value: scores.isChiSquareValid ? scores.chiSquarePValue : nil)
        }
        if let ks = fine ?? ordered {
            add("ks", value: ks.ksLower)
            add("ks_upper", value: ks.ksUpper)
            add("ks_pvalue", value: ks.ksPValue)
            add("rank_shift", value: ks.rankShift)
            add("rank_pvalue", value: ks.rankPValue)
        }
        add("wasserstein", value: ordered?.wassersteinLower)
        add("wasserstein_normed", value: ordered?.wassersteinLowerNormed)
        add("mean_shift", value: meanShift)
        add("deviation_ratio", value: deviationRatio)
        if let hasDrifted { object.append(.init("drifted", value: .boolean(hasDrifted))) }
        object.append(.init("quality", value: .array(quality.map(\.node))))
        if !unseenNames.isEmpty {
            object.append(
                .init(
                    "unseen_categories",
                    value: .array(
                        unseenNames.map {
                            .object([
                                .init("value", value: .string($0.value)),
                                .init("count", value: .count($0.count)),
                            ])
                        })))
        }
        object.append(.init("sentences", value: .array(sentences.map(JSONNode.string))))
        return .object(object)
    }
}

extension CheckReport.Quality {
    fileprivate var node: JSONNode {
        .object([
            .init("kind", value: .string(kind.rawValue)), .init("count", value: .count(count)),
            .init("rows", value: .count(rows)),
            .init("reference_count", value: .count(referenceCount)),
            .init("reference_rows", value: .count(referenceRows)),
            .init("pvalue", value: .number(pValue)),
            .init("finding", value: .boolean(isFinding)),
        ])
    }
}
