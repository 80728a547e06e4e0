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

    func isRefused(_ kind: Kind, place: Int) -> Bool {
        announcements[kind.rawValue].has(RowFlags.refused, row: place)
    }
}
