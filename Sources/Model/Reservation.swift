internal import Exposition
internal import Kernel
internal import Observation
internal import Series
internal import Wire

/// The result of reserving a batch: where its events go, and which are refused. The series that it
/// needs exist and are hidden until the batch is applied.
package struct Reservation: Sendable {
    /// What a scope of the batch resolves to, once an event needed it.
    struct Target: Sendable {
        var version: ModelVersion?
        var model: ModelState?
        /// The number of the variant in its version; -1 until it is known.
        var variant: Int32 = -1
        /// The limit that is reached.
        var refusal: DropReason?
    }

    /// A name that got no series, and its run or its index among the training events.
    struct Name: Sendable {
        let place: Int
        let name: Symbol
    }

    /// Bounds that the histograms of a scope's version have from this push on.
    struct Bounds: Sendable {
        let scope: Int
        let families: [(family: BucketFamily, bounds: BucketBounds)]
        /// `ModelDirectory.generation` of the settings that they come from.
        let generation: UInt64
    }

    /// Where a reservation comes from.
    enum Origin: Sendable {
        /// It is made for a new push.
        case push
        /// It is read from a record, which is complete: limits and rules do not apply.
        case record
        /// It is read from a record of format 1, which does not have the names beyond a limit, nor
        /// the bounds of histograms: those of the current settings are assumed.
        case recordFormat1
    }

    private(set) var origin = Origin.push
    var droppedFeatures: [Name] = []
    private(set) var droppedTrainingFeatures: [Name] = []
    var bounds: [Bounds] = []

    var context = PushContext()
    /// By scope.
    var targets: [Target] = []
    /// The flags of inference rows.
    var rows = RowFlags()
    /// The flags of the other events, by the kind's raw value; the one of inference is not used.
    private var events: InlineArray<6, RowFlags> = InlineArray(repeating: RowFlags())
    /// What the names of the current run resolve to.
    var symbols = SymbolCache()

    init() {
        precondition(EventKind.allCases.count == events.count)
    }

    /// Starts a new reservation in the same memory.
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
        for kind in EventKind.allCases where kind != .inference {
            events[Int(kind.rawValue)].begin(batch.count(of: kind))
        }
    }

    /// Releases the models and versions.
    mutating func end() {
        targets.removeAll(keepingCapacity: true)
    }

    /// Refuses an event by its index among those of its kind.
    mutating func refuse(_ kind: EventKind, place: Int) {
        _ = events[Int(kind.rawValue)].insert(RowFlags.refused, row: place)
    }

    func isRefused(_ kind: EventKind, place: Int) -> Bool {
        events[Int(kind.rawValue)].has(RowFlags.refused, row: place)
    }

    /// Whether the push is read from the journal.
    var isReplayed: Bool { origin != .push }

    mutating func setOrigin(_ origin: Origin) {
        self.origin = origin
        symbols.checksLimit = origin != .record
    }

    /// Whether the unit of a metric is a label, by the metric's index.
    func hasUnitLabel(_ place: Int) -> Bool {
        events[Int(EventKind.metric.rawValue)].has(RowFlags.unitLabel, row: place)
    }

    mutating func setUnitLabel(_ place: Int) {
        _ = events[Int(EventKind.metric.rawValue)].insert(RowFlags.unitLabel, row: place)
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

    /// Records the features of a training event of a new push that have no series.
    mutating func drop(_ names: Set<Symbol>, ofTraining place: Int) {
        if isReplayed { return }
        for name in names { droppedTrainingFeatures.append(Name(place: place, name: name)) }
    }

    // MARK: Records

    /// The order of the flags in records of format 1.
    private static let format1: [EventKind] = [.state, .model, .label, .training, .metric]

    /// Writes the refusals of the rows, those of each kind that has any with its tag before them, the
    /// names without a series, and the bounds.
    func write(to record: inout ByteWriter) {
        rows.write(to: &record)
        let kinds = EventKind.allCases.filter { !events[Int($0.rawValue)].isEmpty }
        record.write(count: kinds.count)
        for kind in kinds {
            record.write(UInt64(kind.rawValue))
            events[Int(kind.rawValue)].write(to: &record)
        }
        rows.write(RowFlags.otherReason, to: &record)
        rows.write(RowFlags.otherFinishReason, to: &record)
        events[Int(EventKind.metric.rawValue)].write(RowFlags.unitLabel, to: &record)
        for names in [droppedFeatures, droppedTrainingFeatures] {
            record.write(count: names.count)
            for name in names {
                record.write(count: name.place)
                record.write(count: Int(name.name.index))
            }
        }
        writeBounds(to: &record)
    }

    private func writeBounds(to record: inout ByteWriter) {
        record.write(count: bounds.count)
        for change in bounds {
            record.write(count: change.scope)
            record.write(count: change.families.count)
            for (family, bounds) in change.families {
                record.write(family.rawValue)
                record.write(count: bounds.values.count)
                for bound in bounds.values { record.write(bound) }
            }
        }
    }

    /// Reads what `write` wrote; without the flags of finish reasons in form 2.
    mutating func read(
        _ record: inout ByteReader, batch: borrowing Batch, haveFinishReasons: Bool
    ) {
        setOrigin(.record)
        rows.read(&record)
        for _ in 0..<record.count() {
            let tag = record.number(below: events.count)
            if !record.isDamaged { events[tag].read(&record) }
        }
        rows.read(&record, mark: RowFlags.otherReason)
        if haveFinishReasons { rows.read(&record, mark: RowFlags.otherFinishReason) }
        events[Int(EventKind.metric.rawValue)].read(&record, mark: RowFlags.unitLabel)
        for _ in 0..<record.count() {
            let run = record.number(below: batch.runs.count)
            let name = Symbol(index: record.number(below: batch.nameCount))
            droppedFeatures.append(Name(place: run, name: name))
        }
        for _ in 0..<record.count() {
            let place = record.number(below: batch.trainings.count)
            let name = Symbol(index: record.number(below: batch.nameCount))
            droppedTrainingFeatures.append(Name(place: place, name: name))
        }
        readBounds(&record, batch: batch)
    }

    private mutating func readBounds(_ record: inout ByteReader, batch: borrowing Batch) {
        for _ in 0..<record.count() {
            let scope = record.number(below: batch.scopes.count)
            var families: [(family: BucketFamily, bounds: BucketBounds)] = []
            for _ in 0..<record.count() {
                let family = BucketFamily(rawValue: record.text().string)
                var values: [Double] = []
                for _ in 0..<record.count() { values.append(record.double()) }
                guard let family, let bounds = BucketBounds(values) else {
                    record.damage()
                    return
                }
                families.append((family, bounds))
            }
            // The next push compares them with the settings of this process.
            bounds.append(Bounds(scope: scope, families: families, generation: 0))
        }
    }

    /// Reads the refusals of a record of format 1.
    mutating func readFormat1(_ record: inout ByteReader) {
        setOrigin(.recordFormat1)
        rows.read(&record)
        for kind in Reservation.format1 { events[Int(kind.rawValue)].read(&record) }
    }
}
