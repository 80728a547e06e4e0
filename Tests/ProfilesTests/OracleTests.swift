import Statistics
import Testing

@testable import Profiles

/// Every number of the definition against its computation with numpy and scipy (Fixtures/statistics).
struct OracleTests {
    /// Collects what differs.
    private struct Comparison {
        var differences: [String] = []
        var compared = 0

        mutating func number(_ place: String, _ found: Double?, _ node: JSONNode?) {
            guard let node else { return }
            compared += 1
            let expected: Double? =
                switch node.text {
                case "Infinity": .infinity
                case "-Infinity": -.infinity
                default: node.double
                }
            guard let expected, let found else {
                differences.append("\(place): \(String(describing: found)), expected \(node.value)")
                return
            }
            let limit =
                place.hasSuffix("std_ratio")
                ? 1e-6 : 1e-9 * max(abs(found), abs(expected)) + 1e-12
            if !(found == expected || abs(found - expected) <= limit) {
                differences.append("\(place): \(found), expected \(expected)")
            }
        }

        mutating func numbers(_ place: String, _ found: [Double], _ node: JSONNode?) {
            guard let node else { return }
            if found.count != node.elements.count {
                differences.append(
                    "\(place): \(found.count) elements, expected \(node.elements.count)")
                return
            }
            for (index, element) in node.elements.enumerated() {
                number("\(place)/\(index)", found[index], element)
            }
        }

        mutating func scores(
            _ place: String, _ bins: BinScores, _ ordered: OrderedScores?, _ node: JSONNode?
        ) {
            guard let node else { return differences.append("\(place): no scores are expected") }
            if node["undefined"]?.isTrue ?? false {
                if !bins.isUndefined { differences.append("\(place): is defined") }
                return
            }
            var found: [String: Double] = [
                "bins": Double(bins.binCount), "bins_used": Double(bins.usedBinCount),
                "reference_count": bins.referenceCount, "current_count": bins.currentCount,
                "psi": bins.psi, "psi_noise": bins.psiNoise, "psi_excess": bins.psiExcess,
                "psi_pvalue": bins.psiPValue, "js_divergence_nats": bins.jensenShannonNats,
                "js_distance_nats": bins.jensenShannonDistance,
                "js_distance_base2": bins.jensenShannonDistanceBase2,
                "kl_smoothed_ref_to_cur": bins.klDivergence, "hellinger": bins.hellinger,
                "tvd": bins.totalVariation, "l_infinity": bins.largestDifference,
                "chi2_statistic": bins.chiSquare, "chi2_dof": Double(bins.chiSquareFreedom),
                "chi2_pvalue": bins.chiSquarePValue, "auc_lr_sorted": bins.bestClassifierAUC,
            ]
            if let ordered {
                found["ks_lower"] = ordered.ksLower
                found["ks_upper"] = ordered.ksUpper
                found["ks_pvalue"] = ordered.ksPValue
                found["auc_ordered"] = ordered.auc
                found["auc_ordered_halfwidth"] = ordered.aucHalfWidth
                found["rank_shift"] = ordered.rankShift
                found["mlbox_univariate_drift"] = abs(ordered.rankShift)
                found["rank_pvalue"] = ordered.rankPValue
                found["wasserstein_lower"] = ordered.wassersteinLower
                found["wasserstein_lower_normed"] = ordered.wassersteinLowerNormed
            }
            for member in node.members {
                if member.name == "chi2_valid" {
                    compared += 1
                    if member.value.isTrue != bins.isChiSquareValid {
                        differences.append("\(place)/chi2_valid: \(bins.isChiSquareValid)")
                    }
                } else {
                    number("\(place)/\(member.name)", found[member.name], member.value)
                }
            }
        }
    }

    /// Numeric parts of one column, from a summary made in memory.
    private func compareNumeric(
        _ place: String, _ reference: [Double], _ current: [Double], _ expected: JSONNode,
        _ comparison: inout Comparison
    ) -> BinScores? {
        let finite = reference.filter(\.isFinite)
        var first: BinScores?
        for parts in [10, 20, 50, 240] {
            guard let part = expected["stream_k\(parts)"] else { continue }
            let place = "\(place)/k\(parts)"
            if finite.isEmpty {
                #expect(part["scores"]?["undefined"]?.isTrue == true)
                continue
            }
            var summary = NumericSummary(finite, parts: parts, discreteLimit: max(20, parts))
            if parts == 50 { summary.fine = nil }
            let ready = NumericReference(summary)
            var counts = NumericCounts(ready)
            for value in current { counts.add(value + 0.0, to: ready) }
            let scores = ready.scores(counts)
            comparison.scores(
                "\(place)/scores", scores, ready.coarseOrderedScores(counts), part["scores"])
            if parts != 10 {
                comparison.number(
                    "\(place)/edges_count", Double(summary.coarse.edges.count), part["edges_count"])
                continue
            }
            first = scores
            compareParts(place, summary, ready, counts, part, &comparison)
            // Nothing may depend on more than what a profile holds.
            #expect(ready.coarse(counts.bins).reduce(0, +) == Double(counts.finiteCount))
        }
        return first
    }

    private func compareParts(
        _ place: String, _ summary: NumericSummary, _ ready: NumericReference,
        _ counts: NumericCounts, _ part: JSONNode, _ comparison: inout Comparison
    ) {
        let coarse = summary.coarse
        comparison.numbers("\(place)/edges", coarse.edges, part["edges"])
        comparison.numbers(
            "\(place)/reference_counts", coarse.counts.map(Double.init),
            part["reference_bin_counts"])
        comparison.numbers(
            "\(place)/current_counts", ready.coarse(counts.bins), part["current_bin_counts"])
        comparison.numbers(
            "\(place)/reference_z", coarse.zSums, part["reference_bin_z_sums"])
        comparison.numbers(
            "\(place)/current_z", counts.zSums.map(\.value), part["current_bin_z_sums"])
        comparison.number("\(place)/mean", summary.scale.mean, part["reference_mean"])
        comparison.number("\(place)/std", summary.scale.deviation, part["reference_std_pop"])
        comparison.number("\(place)/missing", Double(counts.missing), part["missing"])
        comparison.number(
            "\(place)/inf", Double(counts.positiveInfinite), part["positive_infinite"])
        comparison.number(
            "\(place)/-inf", Double(counts.negativeInfinite), part["negative_infinite"])
        comparison.number("\(place)/below", Double(counts.below), part["out_of_range_below"])
        comparison.number("\(place)/above", Double(counts.above), part["out_of_range_above"])
        comparison.number("\(place)/z+", counts.positiveSum.value, part["z_positive_sum"])
        comparison.number("\(place)/z-", counts.negativeSum.value, part["z_negative_sum"])
        comparison.number("\(place)/z2", counts.squareSum.value, part["z_square_sum"])
        comparison.number("\(place)/clipped", Double(counts.clipped), part["z_clipped"])
        comparison.number("\(place)/shift", counts.meanShift, part["mean_shift_in_ref_std"])
        comparison.number("\(place)/std_ratio", counts.deviationRatio, part["std_ratio"])
    }

    private func compareCategorical(
        _ place: String, _ reference: [String?], _ current: [String?], _ expected: JSONNode,
        _ comparison: inout Comparison
    ) throws -> BinScores {
        let part = try #require(expected["stream"])
        var ranking = CategoryRanking(limit: 50)
        var rows: [String: Int] = [:]
        for value in reference { if let value { rows[value, default: 0] += 1 } }
        for (value, count) in rows {
            let text = Array(value.utf8)
            ranking.add(text.span, hash: CategoricalReference.hash(text.span), count: count)
        }
        let ready = CategoricalReference(ranking.summary())
        var counts = CategoricalCounts(ready)
        for value in current {
            if let value {
                counts.add(Array(value.utf8).span, to: ready)
            } else {
                counts.missing += 1
            }
        }
        #expect(
            ready.summary.named.map(\.value) + ["__other__", "__unseen__"]
                == part["categories"]?.elements.compactMap(\.text))
        comparison.numbers(
            "\(place)/reference", ready.summary.binCounts.map(Double.init),
            part["reference_bin_counts"])
        comparison.numbers(
            "\(place)/current", counts.bins.map { Double($0) }, part["current_bin_counts"])
        comparison.number("\(place)/missing", Double(counts.missing), part["missing"])
        comparison.number("\(place)/unseen", Double(counts.unseen), part["unseen"])
        let scores = ready.scores(counts)
        comparison.scores("\(place)/scores", scores, nil, part["scores"])
        return scores
    }

    /// Rows of a column, missing ones included.
    private func padded(_ table: Table, _ name: String) -> [String?] { table[name] }

    @Test func `every edge case has the numbers of the definition`() throws {
        let base = fixtures("statistics")
        var comparison = Comparison()
        var cases = 0
        for file in Folders.names(in: "\(base)/expected-edge") {
            let name = String(file.dropLast(5))
            let expected = try json("\(base)/expected-edge/\(file)")
            let reference = try Table("\(base)/edge/\(name)_reference.csv")
            let current = try Table("\(base)/edge/\(name)_current.csv")
            if expected["type"]?.text == "numerical" {
                _ = compareNumeric(
                    name, reference.numbers("value"), current.numbers("value"), expected,
                    &comparison)
            } else {
                _ = try compareCategorical(
                    name, reference["value"], current["value"], expected, &comparison)
            }
            cases += 1
        }
        #expect(comparison.differences.isEmpty, "\(comparison.differences.prefix(20))")
        #expect(cases == 23 && comparison.compared > 1500)
    }

    @Test func `every column of the data sets has the numbers and the verdict of the definition`()
        throws
    {
        let base = fixtures("statistics")
        var comparison = Comparison()
        for file in Folders.names(in: "\(base)/expected-drift") {
            let parts = file.dropLast(5).split(separator: "_", omittingEmptySubsequences: false)
            let scenario = String(parts[parts.count - 1])
            let set = parts.dropLast(2).joined(separator: "_")
            let expected = try json("\(base)/expected-drift/\(file)")
            let reference = try Table("\(base)/\(set)/reference.csv")
            let current = try Table("\(base)/\(set)/current_\(scenario).csv")
            var scores: [BinScores] = []
            var verdicts: [JSONNode.Value?] = []
            for member in expected["columns"]?.members ?? [] {
                let found =
                    member.value["type"]?.text == "numerical"
                    ? compareNumeric(
                        "\(file)/\(member.name)", reference.numbers(member.name),
                        current.numbers(member.name), member.value, &comparison)
                    : try compareCategorical(
                        "\(file)/\(member.name)", reference[member.name], current[member.name],
                        member.value, &comparison)
                scores.append(try #require(found))
                verdicts.append(expected["drifted"]?[member.name]?.value)
            }
            let drifted = DriftRule().drifted(scores).map { verdict in
                verdict.map { JSONNode.Value.boolean($0) } ?? .null
            }
            #expect(drifted == verdicts, "\(file)")
        }
        #expect(comparison.differences.isEmpty, "\(comparison.differences.prefix(20))")
        #expect(comparison.compared > 5000)
    }
}
