package import Wire

/// The kinds of events, in the order in which a batch writes, reserves and applies them.
///
/// The raw value is the tag of the kind's section in a record: it is never changed or used again.
/// A new kind is added here, in `EventLists`, and in one file per stage: its type and its record in
/// this module, its reader in Intake (with its keys in `Key`), its effect in Model.
package enum EventKind: UInt8, Sendable, CaseIterable {
    case inference = 0
    case label = 1
    case training = 2
    case state = 3
    case model = 4
    case metric = 5

    /// The kind as an event's `type` and as the label `type` of `ml_push_events_total`.
    package var name: StaticString {
        switch self {
        case .inference: "inference"
        case .label: "label"
        case .training: "training"
        case .state: "state"
        case .model: "model"
        case .metric: "metric"
        }
    }

    /// The type that holds the events of this kind.
    package var type: any BatchEvents.Type {
        switch self {
        case .inference: InferenceRows.self
        case .label: LabelEvent.self
        case .training: TrainingEvent.self
        case .state: StateEvent.self
        case .model: ModelEvent.self
        case .metric: MetricEvent.self
        }
    }
}

/// The events of a batch that are not rows of inference, each kind in the order of the body, and
/// the lists that their ranges point into.
struct EventLists: Sendable {
    var labels: [LabelEvent] = []
    var labelGroups: [GroupTag] = []
    var trainings: [TrainingEvent] = []
    var trainingNumbers: [TrainingNumber] = []
    var trainingStatistics: [TrainingStatistics] = []
    var states: [StateEvent] = []
    var models: [ModelEvent] = []
    var metrics: [MetricEvent] = []
    var metricLabels: [MetricLabel] = []

    /// The lengths of the lists that are filled before their event is appended. They are what a
    /// refused event leaves behind.
    struct PartCounts: Sendable {
        let labelGroups: Int
        let trainingNumbers: Int
        let trainingStatistics: Int
        let metricLabels: Int
    }

    var partCounts: PartCounts {
        PartCounts(
            labelGroups: labelGroups.count, trainingNumbers: trainingNumbers.count,
            trainingStatistics: trainingStatistics.count, metricLabels: metricLabels.count)
    }

    mutating func cut(to counts: PartCounts) {
        labelGroups.cut(to: counts.labelGroups)
        trainingNumbers.cut(to: counts.trainingNumbers)
        trainingStatistics.cut(to: counts.trainingStatistics)
        metricLabels.cut(to: counts.metricLabels)
    }
}

/// What a batch does with the events of one kind.
package protocol BatchEvents: Sendable {
    static var kind: EventKind { get }

    /// How many events of this kind the batch has.
    static func count(in batch: borrowing Batch) -> Int

    /// Removes the events of this kind and keeps their memory.
    static func removeAll(from batch: inout Batch)

    /// Bytes of memory that the batch keeps for this kind, used or not.
    static func capacityBytes(in batch: borrowing Batch) -> Int

    /// Writes the events of this kind as a section of a record.
    static func write(_ batch: borrowing Batch, to record: inout ByteWriter)

    /// Appends the events that `write` wrote. Damage is left in the record.
    static func read(_ record: inout ByteReader, into batch: inout Batch)
}
