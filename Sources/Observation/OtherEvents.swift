/// The truth about an earlier prediction.
package struct LabelEvent: Sendable {
    /// The event's place in the body.
    package var item: UInt32 = 0
    /// Its version is none when the label is joined by `id` and none was given.
    package var scope = 0
    /// Empty when the label is self-contained.
    package var id = StringRef.empty
    /// A number or a text.
    package var label = Value.missing
    /// `missing` unless the label is self-contained.
    package var prediction = Value.missing
    /// NaN when absent.
    package var score = Double.nan
    /// In `Batch.labelGroups`; their `row` is the label's index.
    package var groups = 0..<0

    package init() {}
}

/// News of a training run.
package struct TrainingEvent: Sendable {
    package enum Status: UInt8, Sendable {
        case unknown, running, succeeded, failed
    }

    package var item: UInt32 = 0
    package var scope = 0
    /// none when absent.
    package var run = Symbol.none
    /// none when absent.
    package var split = Symbol.none
    /// Absent numbers are NaN.
    package var epoch = Double.nan
    package var step = Double.nan
    /// Not negative.
    package var durationSeconds = Double.nan
    package var rows = Double.nan
    package var status = Status.unknown
    /// Metric by name, in `Batch.trainingNumbers`.
    package var metrics = 0..<0
    /// Importance by feature, in `Batch.trainingNumbers`.
    package var importance = 0..<0
    /// In `Batch.trainingStatistics`.
    package var statistics = 0..<0

    package init() {}
}

/// A number of a training run under a name. Finite.
package struct TrainingNumber: Sendable, BitwiseCopyable {
    package let name: Symbol
    package let value: Double
}

/// What a training run says of a feature; NaN for what it does not say.
package struct TrainingStatistics: Sendable, BitwiseCopyable {
    package var feature: Symbol
    package var mean = Double.nan
    package var stddev = Double.nan
    package var median = Double.nan

    package init(feature: Symbol) {
        self.feature = feature
    }
}

/// What a producer does right now. Absent numbers are NaN: unchanged.
package struct StateEvent: Sendable {
    package var item: UInt32 = 0
    package var scope = 0
    /// Not negative.
    package var inFlight = Double.nan
    /// Not negative.
    package var queueLength = Double.nan

    package init() {}
}

/// A model was loaded or unloaded.
package struct ModelEvent: Sendable {
    package enum Kind: UInt8, Sendable {
        /// No `event` was given: only the facts count.
        case facts
        case loaded, unloaded
    }

    package var item: UInt32 = 0
    package var scope = 0
    package var kind = Kind.facts
    /// none when absent.
    package var framework = Symbol.none
    package var gitSHA = Symbol.none
    /// Unix seconds; NaN when absent.
    package var trainedAt = Double.nan

    package init() {}
}

/// A number of the business.
package struct MetricEvent: Sendable {
    package enum Kind: UInt8, Sendable {
        case gauge, counter
    }

    package var item: UInt32 = 0
    /// -1 when no model was named.
    package var scope = -1
    package var name = Symbol.none
    package var kind = Kind.gauge
    /// Absent numbers are NaN; at least one of the two is there.
    package var value = Double.nan
    package var target = Double.nan
    /// none when absent.
    package var unit = Symbol.none
    /// In `Batch.metricLabels`.
    package var labels = 0..<0

    package init() {}
}

/// A label of a metric: the name is one that Prometheus allows, not one of `model`, `version`,
/// `variant`, `kpi`, nor one that begins with `__`.
package struct MetricLabel: Sendable, BitwiseCopyable {
    package let name: Symbol
    package let value: Symbol
}
