internal import Exposition
internal import Profiles

/// The families of the watch. Features, predictions and scores have the same ones under three names.
struct WatchFamilies: Sendable {
    /// What is watched.
    enum Subject: String, CaseIterable {
        case feature, prediction, score

        var noun: String {
            switch self {
            case .feature: "the feature"
            case .prediction: "the model's predictions"
            case .score: "the model's scores"
            }
        }

        init?(_ role: ProfileColumn.Role) {
            switch role {
            case .feature: self = .feature
            case .prediction: self = .prediction
            case .score: self = .score
            default: return nil
            }
        }
    }

    /// A number of a column that has one series.
    enum Slot: Int, CaseIterable {
        case positiveSum, negativeSum, squareSum, clipped, low, high, unseen
        case psi, ks, psiPValue, ksPValue, excess, rankShift, drifted
        case observations, minimum, maximum, missingRatio, distinct
        case lowQuantile, median, highQuantile
    }

    /// Which of a column's labels a series has.
    enum Key {
        case base, psi, ks, low, high
        case quantile(Int)
    }

    /// A family and its series of each column.
    struct Row: Sendable {
        let family: Family
        let slots: [(slot: Slot, key: Key)]
    }

    struct Group: Sendable {
        let bins: Family
        let rows: [Row]
        let binInfo: Family
        let binRatio: Family
        let referenceObservations: Family
        let referenceMean: Family
        let referenceDeviation: Family
        let referenceMinimum: Family
        let referenceMaximum: Family
        let referenceMissing: Family
        let threshold: Family

        init(_ subject: Subject) {
            let noun = subject.noun
            func family(_ name: String, kind: Family.Kind, help: String) -> Family {
                Family("ml_\(subject.rawValue)_\(name)", kind: kind, help: help)
            }
            func row(
                _ name: String, kind: Family.Kind, slots: [(Slot, Key)], help: String
            ) -> Row {
                Row(family: family(name, kind: kind, help: help), slots: slots)
            }
            bins = family(
                "bin_total", kind: .counter, help: "Values of \(noun) by bin of the profile.")
            rows = [
                row(
                    "zscore_positive_sum_total", kind: .counter, slots: [(.positiveSum, .base)],
                    help:
                        "Sum of z of the values of \(noun) above the reference's mean; z is the distance from it in standard deviations of the reference."
                ),
                row(
                    "zscore_negative_sum_total", kind: .counter, slots: [(.negativeSum, .base)],
                    help: "Sum of -z of the values of \(noun) below the reference's mean."),
                row(
                    "zscore_square_sum_total", kind: .counter, slots: [(.squareSum, .base)],
                    help: "Sum of the squares of z of \(noun)."),
                row(
                    "zscore_clipped_total", kind: .counter, slots: [(.clipped, .base)],
                    help: "Values of \(noun) whose z is beyond 1000 and counts as 1000."),
                row(
                    "out_of_range_total", kind: .counter, slots: [(.low, .low), (.high, .high)],
                    help: "Values of \(noun) below the reference's minimum or above its maximum."),
                row(
                    "unseen_category_total", kind: .counter, slots: [(.unseen, .base)],
                    help: "Categories of \(noun) that the reference does not contain."),
                row(
                    "drift_score", kind: .gauge, slots: [(.psi, .psi), (.ks, .ks)],
                    help:
                        "Distance of \(noun) in the window from the reference: population stability index, Kolmogorov-Smirnov."
                ),
                row(
                    "drift_pvalue", kind: .gauge, slots: [(.psiPValue, .psi), (.ksPValue, .ks)],
                    help: "Chance of such a distance of \(noun) when nothing has drifted."),
                row(
                    "drift_excess", kind: .gauge, slots: [(.excess, .base)],
                    help:
                        "Population stability index of \(noun) minus what it is when nothing drifts."
                ),
                row(
                    "rank_shift", kind: .gauge, slots: [(.rankShift, .base)],
                    help:
                        "Direction of the drift of \(noun), from -1 to 1; positive if values rose."),
                row(
                    "drifted", kind: .gauge, slots: [(.drifted, .base)],
                    help:
                        "Whether \(noun) drifted: enough values, the excess at its threshold, and more than chance."
                ),
                row(
                    "window_observations", kind: .gauge, slots: [(.observations, .base)],
                    help: "Values of \(noun) in the window."),
                row(
                    "window_min", kind: .gauge, slots: [(.minimum, .base)],
                    help: "Smallest value of \(noun) in the window."),
                row(
                    "window_max", kind: .gauge, slots: [(.maximum, .base)],
                    help: "Largest value of \(noun) in the window."),
                row(
                    "window_missing_ratio", kind: .gauge, slots: [(.missingRatio, .base)],
                    help: "Missing values of \(noun) in the window per row."),
                row(
                    "window_distinct_values", kind: .gauge, slots: [(.distinct, .base)],
                    help: "Estimated number of different categories of \(noun) in the window."),
                row(
                    "window_quantile", kind: .gauge,
                    slots: [
                        (.lowQuantile, .quantile(0)), (.median, .quantile(1)),
                        (.highQuantile, .quantile(2)),
                    ], help: "Quantiles of \(noun) in the window, interpolated inside bins."),
            ]
            binInfo = family(
                "bin_info", kind: .gauge,
                help: "What a bin of \(noun) contains: values in (lower, upper].")
            binRatio = family(
                "reference_bin_ratio", kind: .gauge,
                help: "Share of the reference of \(noun) in a bin.")
            referenceObservations = family(
                "reference_observations", kind: .gauge, help: "Values of \(noun) in the reference.")
            referenceMean = family(
                "reference_mean", kind: .gauge, help: "Mean of \(noun) in the reference.")
            referenceDeviation = family(
                "reference_stddev", kind: .gauge,
                help: "Population standard deviation of \(noun) in the reference.")
            referenceMinimum = family(
                "reference_min", kind: .gauge, help: "Smallest value of \(noun) in the reference.")
            referenceMaximum = family(
                "reference_max", kind: .gauge, help: "Largest value of \(noun) in the reference.")
            referenceMissing = family(
                "reference_missing_ratio", kind: .gauge,
                help: "Missing values of \(noun) in the reference per row.")
            threshold = family(
                "drift_threshold", kind: .gauge,
                help: "What the excess of \(noun) is compared with.")
        }

        var families: [Family] {
            [bins] + rows.map(\.family) + [
                binInfo, binRatio, referenceObservations, referenceMean, referenceDeviation,
                referenceMinimum, referenceMaximum, referenceMissing, threshold,
            ]
        }
    }

    static let all = WatchFamilies()

    let groups = Subject.allCases.map(Group.init)
    let outlierRows = Family(
        "ml_outlier_rows_total", kind: .counter,
        help:
            "Rows of input that are far from the reference: a z beyond 6, or more features in their outermost bins than chance allows."
    )
    let datasetFeatures = Family(
        "ml_dataset_features", kind: .gauge,
        help: "Features with enough values in the window to be evaluated.")
    let driftedFeatures = Family(
        "ml_dataset_drifted_features", kind: .gauge, help: "Features that drifted.")
    let driftRatio = Family(
        "ml_dataset_drift_ratio", kind: .gauge,
        help: "Share of the evaluated features that drifted.")
    let windowSeconds = Family(
        "ml_window_seconds", kind: .gauge, help: "Length of the window of the scores.")
    let windowEnd = Family(
        "ml_window_end_timestamp_seconds", kind: .gauge,
        help: "Unix time at which the window of the scores ended.")
    let profileInfo = Family(
        "ml_model_profile_info", kind: .gauge,
        help: "The profile that a model version is compared with.")

    var families: [Family] {
        groups.flatMap(\.families) + [
            outlierRows, datasetFeatures, driftedFeatures, driftRatio, windowSeconds, windowEnd,
            profileInfo,
        ]
    }

    /// The series of a column, constants included.
    static func seriesCount(_ plan: LayoutColumn) -> Int {
        let bins = plan.scoredBinCount
        if plan.numeric != nil { return 3 * bins + 27 }
        return plan.categorical != nil ? 3 * bins + 11 : 4
    }
}
