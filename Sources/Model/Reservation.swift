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
        /// The limit that has no room for it.
        var refusal: DropReason?
    }

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

    // MARK: Records

    /// The order of the flags in records of format 1.
    private static let format1: [EventKind] = [.state, .model, .label, .training, .metric]

    /// Writes the refusals: of the rows, then of each kind that has any, with its tag before it.
    func writeRefusals(to record: inout ByteWriter) {
        rows.write(to: &record)
        let kinds = EventKind.allCases.filter { !events[Int($0.rawValue)].isEmpty }
        record.write(count: kinds.count)
        for kind in kinds {
            record.write(UInt64(kind.rawValue))
            events[Int(kind.rawValue)].write(to: &record)
        }
    }

    /// Reads what `writeRefusals` wrote.
    mutating func readRefusals(_ record: inout ByteReader) {
        rows.read(&record)
        for _ in 0..<record.count() {
            let tag = record.number(below: events.count)
            if !record.isDamaged { events[tag].read(&record) }
        }
    }

    /// Reads the refusals of a record of format 1.
    mutating func readRefusalsFormat1(_ record: inout ByteReader) {
        rows.read(&record)
        for kind in Reservation.format1 { events[Int(kind.rawValue)].read(&record) }
    }
}
