internal import Exposition
internal import Observation
internal import Series

/// What is to become of a batch: whom it is about, and what is refused of it. The series that it
/// needs are there and hidden: they show when the batch is applied.
package struct Reservation: Sendable {
    /// The announcements of a batch, as their refusals are kept.
    enum Kind: Int, CaseIterable {
        case state, lifecycle, label, training, metric
    }

    /// Whom a scope of the batch means, as far as somebody has asked.
    struct Target: Sendable {
        var version: ModelVersion?
        var model: ModelState?
        /// The number of the variant in its version.
        var variant: Int32 = -1
        /// Why there is none.
        var refusal: DropReason?
    }

    /// A name that got no series, and its run or its place among the training events.
    struct Name: Sendable {
        let place: Int
        let name: Symbol
    }

    /// Bounds that the histograms of a scope's version have from this push on.
    struct Bounds: Sendable {
        let scope: Int
        let families: [(family: BucketFamily, bounds: BucketBounds)]
        /// `ModelDirectory.generation` of the settings that they are from.
        let generation: UInt64
    }

    /// Where a decision comes from.
    enum Origin: Sendable {
        /// It is being made for a new push.
        case push
        /// It was read from a record, which says everything: no limit and no rule is consulted.
        case record
        /// It was read from a record of format 1, which does not say which names were beyond a
        /// limit, nor which bounds histograms had: those of the present settings are assumed.
        case recordFormat1
    }

    var origin = Origin.push
    var droppedFeatures: [Name] = []
    var droppedTrainingFeatures: [Name] = []
    var bounds: [Bounds] = []

    var context = PushContext()
    /// By scope.
    var targets: [Target] = []
    var rows = RowFlags()
    var announcements: InlineArray<5, RowFlags> = InlineArray(repeating: RowFlags())
    /// What the names of the run at hand mean.
    var symbols = SymbolCache()

    init() {}

    /// Begins anew, in the same memory.
    mutating func begin(_ batch: borrowing Batch, context: PushContext) {
        self.context = context
        origin = .push
        symbols.checksLimit = true
        droppedFeatures.removeAll(keepingCapacity: true)
        droppedTrainingFeatures.removeAll(keepingCapacity: true)
        bounds.removeAll(keepingCapacity: true)
        targets.removeAll(keepingCapacity: true)
        targets += repeatElement(Target(), count: batch.scopes.count)
        rows.begin(batch.items.count)
        announcements[Kind.state.rawValue].begin(batch.states.count)
        announcements[Kind.lifecycle.rawValue].begin(batch.lifecycle.count)
        announcements[Kind.label.rawValue].begin(batch.labels.count)
        announcements[Kind.training.rawValue].begin(batch.trainings.count)
        announcements[Kind.metric.rawValue].begin(batch.metrics.count)
    }

    mutating func end() {
        targets.removeAll(keepingCapacity: true)
    }

    mutating func refuse(_ kind: Kind, place: Int) {
        _ = announcements[kind.rawValue].insert(RowFlags.refused, row: place)
    }

    var isReplayed: Bool { origin != .push }

    mutating func setOrigin(_ origin: Origin) {
        self.origin = origin
        symbols.checksLimit = origin != .record
    }

    func hasUnitLabel(_ place: Int) -> Bool {
        announcements[Kind.metric.rawValue].has(RowFlags.unitLabel, row: place)
    }

    mutating func setUnitLabel(_ place: Int) {
        _ = announcements[Kind.metric.rawValue].insert(RowFlags.unitLabel, row: place)
    }

    /// The features of the training event at `place` that have no series.
    func droppedFeatures(ofTraining place: Int) -> DroppedFeatures {
        var dropped = DroppedFeatures()
        for name in droppedTrainingFeatures where name.place == place {
            dropped.names.insert(name.name)
        }
        dropped.isDecided = origin == .record
        return dropped
    }

    func isRefused(_ kind: Kind, place: Int) -> Bool {
        announcements[kind.rawValue].has(RowFlags.refused, row: place)
    }
}
