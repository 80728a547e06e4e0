internal import Statistics

extension CheckReport {
    /// The report as JSON, a line for each column. What was not computed is absent.
    package var json: String {
        String(decoding: CanonicalJSON.lines(node), as: UTF8.self)
    }

    private var node: JSONNode {
        .object([
            .init("model", .string(model)), .init("version", .string(modelVersion)),
            .init("profile_id", .string(profileID)), .init("rows", .count(rows)),
            .init("reference_rows", .count(referenceRows)), .init("drift", .boolean(hasDrift)),
            .init("quality", .boolean(hasQualityFinding)),
            .init("extra_columns", .array(extraColumns.map(JSONNode.string))),
            .init("columns", .array(columns.map(\.node))),
        ])
    }
}

extension CheckReport.Column {
    /// The column as JSON.
    package var node: JSONNode {
        var object: [JSONNode.Member] = [
            .init("name", .string(name)), .init("role", .string(role.rawValue)),
            .init("type", .string(isNumerical ? "numerical" : "categorical")),
            .init("present", .boolean(isPresent)), .init("rows", .count(rows)),
            .init("missing", .count(missing)),
        ]
        func add(_ name: String, _ value: Double?) {
            if let value, value.isFinite { object.append(.init(name, .number(value))) }
        }
        if let scores, !scores.isUndefined {
            add("observations", scores.currentCount)
            add("psi", scores.psi)
            add("psi_noise", scores.psiNoise)
            add("psi_excess", scores.psiExcess)
            add("psi_pvalue", scores.psiPValue)
            add("js_distance", scores.jensenShannonDistance)
            add("hellinger", scores.hellinger)
            add("total_variation", scores.totalVariation)
            add("chi_square", scores.chiSquare)
            add("chi_square_pvalue", scores.isChiSquareValid ? scores.chiSquarePValue : nil)
        }
        if let ks = fine ?? ordered {
            add("ks", ks.ksLower)
            add("ks_upper", ks.ksUpper)
            add("ks_pvalue", ks.ksPValue)
            add("rank_shift", ks.rankShift)
            add("rank_pvalue", ks.rankPValue)
        }
        add("wasserstein", ordered?.wassersteinLower)
        add("wasserstein_normed", ordered?.wassersteinLowerNormed)
        add("mean_shift", meanShift)
        add("deviation_ratio", deviationRatio)
        if let hasDrifted { object.append(.init("drifted", .boolean(hasDrifted))) }
        object.append(.init("quality", .array(quality.map(\.node))))
        if !unseenNames.isEmpty {
            object.append(
                .init(
                    "unseen_categories",
                    .array(
                        unseenNames.map {
                            .object([
                                .init("value", .string($0.value)), .init("count", .count($0.count)),
                            ])
                        })))
        }
        object.append(.init("sentences", .array(sentences.map(JSONNode.string))))
        return .object(object)
    }
}

extension CheckReport.Quality {
    fileprivate var node: JSONNode {
        .object([
            .init("kind", .string(kind.rawValue)), .init("count", .count(count)),
            .init("rows", .count(rows)), .init("reference_count", .count(referenceCount)),
            .init("reference_rows", .count(referenceRows)), .init("pvalue", .number(pValue)),
            .init("finding", .boolean(isFinding)),
        ])
    }
}
