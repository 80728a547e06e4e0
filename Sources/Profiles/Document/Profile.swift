internal import Wire

/// A reference profile, version 1: what a model's data looked like when it was trained.
///
/// The format is described in docs/drift.md.
package struct Profile: Equatable, Sendable {
    /// The only version of the format.
    package static let version = 1

    package var model: String
    /// `*` serves the versions of the model that have no profile.
    package var modelVersion: String
    /// Where it comes from; not part of the id.
    package var source: Source?
    /// Rows of the reference.
    package var rows: Int
    package var task: Task?
    /// The class that `score` is the probability of.
    package var positiveClass: String?
    package var columns: [ProfileColumn]
    /// Points of the calibrator by class.
    package var calibration: [String: Calibration]?
    package var performance: Performance?
    package var attribution: [Attribution]?
    package var fairness: [String: Fairness]?
    package var vectors: [String: VectorReference]?
    /// XXH3-64 of the commonest words, ascending, by text column.
    package var texts: [String: [UInt64]]?
    package var segments: [String: [Segment]]?

    package init(model: String, modelVersion: String, rows: Int, columns: [ProfileColumn]) {
        self.model = model
        self.modelVersion = modelVersion
        self.rows = rows
        self.columns = columns
    }

    /// What the model does.
    package enum Task: String, Sendable {
        case binary, multiclass, regression
    }

    /// Where a profile comes from.
    package struct Source: Equatable, Sendable {
        /// The kind of the source.
        package enum Kind: String, Sendable {
            case csv, jsonl, traffic, sagemaker, tfdv
        }

        package var kind: Kind
        package var path: String?
        package var rows: Int?
        /// 64 hexadecimal digits.
        package var sha256: String?

        package init(kind: Kind, path: String? = nil, rows: Int? = nil, sha256: String? = nil) {
            self.kind = kind
            self.path = path
            self.rows = rows
            self.sha256 = sha256
        }
    }

    /// Probability of a class by score: linear between the points, flat outside.
    package struct Calibration: Equatable, Sendable {
        /// Ascending.
        package var scores: [Double]
        /// From 0 to 1, not falling.
        package var probabilities: [Double]

        package init(scores: [Double], probabilities: [Double]) {
            self.scores = scores
            self.probabilities = probabilities
        }
    }

    /// What the model scored on the reference.
    package struct Performance: Equatable, Sendable {
        /// The metrics that a profile may hold.
        package static let metricNames: Set<String> = [
            "accuracy", "precision", "recall", "f1", "f1_macro", "log_loss", "brier", "roc_auc",
            "base_rate", "ece", "mean_error", "mae", "rmse", "r2", "mape",
        ]

        package var rows: Int
        package var metrics: [String: Double]

        package init(rows: Int, metrics: [String: Double]) {
            self.rows = rows
            self.metrics = metrics
        }
    }

    /// Mean absolute attribution of a feature.
    package struct Attribution: Equatable, Sendable {
        package var feature: String
        package var value: Double

        package init(feature: String, value: Double) {
            self.feature = feature
            self.value = value
        }
    }

    /// How groups of a facet are compared.
    package struct Fairness: Equatable, Sendable {
        /// The group that others are compared with.
        package var reference: String
        /// Allowed range by metric.
        package var ranges: [String: ClosedRange<Double>]?

        package init(reference: String, ranges: [String: ClosedRange<Double>]? = nil) {
            self.reference = reference
            self.ranges = ranges
        }
    }

    /// Mean and principal components of a vector feature, base64 of little-endian 32-bit floats.
    package struct VectorReference: Equatable, Sendable {
        package var length: Int
        package var mean: String
        package var components: [String]

        package init(length: Int, mean: String, components: [String]) {
            self.length = length
            self.mean = mean
            self.components = components
        }
    }

    /// Counts of a group over the bins of the columns.
    package struct Segment: Equatable, Sendable {
        /// Counts of one column.
        package struct Column: Equatable, Sendable {
            package var name: String
            package var missing: Int
            package var counts: [Int]
            package var zSums: [Double]?
            package var fineCounts: [Int]?

            package init(
                name: String, missing: Int, counts: [Int], zSums: [Double]? = nil,
                fineCounts: [Int]? = nil
            ) {
                self.name = name
                self.missing = missing
                self.counts = counts
                self.zSums = zSums
                self.fineCounts = fineCounts
            }
        }

        package var group: String
        package var rows: Int
        package var columns: [Column]

        package init(group: String, rows: Int, columns: [Column]) {
            self.group = group
            self.rows = rows
            self.columns = columns
        }
    }

    /// The canonical bytes that the id is made of, and that a daemon answers.
    package var canonical: [UInt8] {
        CanonicalJSON.bytes(node(withSource: false, id: nil))
    }

    /// The first 16 hexadecimal digits of SHA-256 over `canonical`.
    package var id: String { Profile.id(canonical) }

    static func id(_ canonical: [UInt8]) -> String {
        var digest = Digest()
        digest.add(canonical.span)
        return Hexadecimal.text(Array(digest.finish().prefix(8)))
    }

    /// The text of a file, with id and source.
    package var fileText: [UInt8] { CanonicalJSON.lines(node(withSource: true, id: id)) }
}
