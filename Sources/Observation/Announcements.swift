/// The truth about an earlier prediction.
public struct Label: Sendable {
    /// The event's place in the body.
    public var item: UInt32 = 0
    /// Its version is none when the label is joined by `id` and none was given.
    public var scope = 0
    /// Empty when the label is self-contained.
    public var id = Text.empty
    /// A number or a text.
    public var label = Value.missing
    /// `missing` unless the label is self-contained.
    public var prediction = Value.missing
    /// NaN when absent.
    public var score = Double.nan
    /// In `Batch.labelGroups`; their `row` is the label's index.
    public var groups = 0..<0

    public init() {}
}

/// News of a training run.
public struct Training: Sendable {
    public enum Status: UInt8, Sendable {
        case unknown, running, succeeded, failed
    }

    public var item: UInt32 = 0
    public var scope = 0
    /// none when absent.
    public var run = Name.none
    /// none when absent.
    public var split = Name.none
    /// Absent numbers are NaN.
    public var epoch = Double.nan
    public var step = Double.nan
    /// Not negative.
    public var durationSeconds = Double.nan
    public var rows = Double.nan
    public var status = Status.unknown
    /// Metric by name, in `Batch.trainingNumbers`.
    public var metrics = 0..<0
    /// Importance by feature, in `Batch.trainingNumbers`.
    public var importance = 0..<0
    /// In `Batch.trainingStatistics`.
    public var statistics = 0..<0

    public init() {}
}

/// A number of a training run under a name. Finite.
public struct TrainingNumber: Sendable, BitwiseCopyable {
    public let name: Name
    public let value: Double
}

/// What a training run says of a feature; NaN for what it does not say.
public struct TrainingStatistics: Sendable, BitwiseCopyable {
    public var feature: Name
    public var mean = Double.nan
    public var stddev = Double.nan
    public var median = Double.nan

    public init(feature: Name) {
        self.feature = feature
    }
}

/// What a producer does right now. Absent numbers are NaN: unchanged.
public struct State: Sendable {
    public var item: UInt32 = 0
    public var scope = 0
    /// Not negative.
    public var inFlight = Double.nan
    /// Not negative.
    public var queueLength = Double.nan

    public init() {}
}

/// A model was loaded or unloaded.
public struct ModelNews: Sendable {
    public enum Kind: UInt8, Sendable {
        /// No `event` was given: only the facts count.
        case facts
        case loaded, unloaded
    }

    public var item: UInt32 = 0
    public var scope = 0
    public var kind = Kind.facts
    /// none when absent.
    public var framework = Name.none
    public var gitSHA = Name.none
    /// Unix seconds; NaN when absent.
    public var trainedAt = Double.nan

    public init() {}
}

/// A number of the business.
public struct Metric: Sendable {
    public enum Kind: UInt8, Sendable {
        case gauge, counter
    }

    public var item: UInt32 = 0
    /// -1 when no model was named.
    public var scope = -1
    public var name = Name.none
    public var kind = Kind.gauge
    /// Absent numbers are NaN; at least one of the two is there.
    public var value = Double.nan
    public var target = Double.nan
    /// none when absent.
    public var unit = Name.none
    /// In `Batch.metricLabels`.
    public var labels = 0..<0

    public init() {}
}

/// A label of a metric: the name is one that Prometheus allows, not one of `model`, `version`,
/// `variant`, `kpi`, nor one that begins with `__`.
public struct MetricLabel: Sendable, BitwiseCopyable {
    public let name: Name
    public let value: Name
}
