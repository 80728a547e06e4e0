internal import Observation
internal import Series

/// What Model does with the events of one kind.
///
/// A push goes through two steps. `reserve` refuses the events that exceed a limit and makes the
/// series of the others, hidden; `apply` adds the numbers. Between the two the push is written
/// to the journal, so `apply` must not fail.
protocol AppliedEvents: BatchEvents {
    /// Reserves what the events need and refuses those that exceed a limit. Events that the
    /// reservation refuses already are skipped.
    static func reserve(
        _ batch: borrowing Batch, in models: Models, reservation: inout Reservation,
        outcome: inout BatchOutcome)

    /// Applies the events that the reservation does not refuse.
    static func apply(
        _ batch: borrowing Batch, to models: Models, reservation: inout Reservation)
}

/// An event that is reserved and applied on its own.
protocol AppliedEvent: AppliedEvents {
    /// The event's index in the body.
    var item: UInt32 { get }

    /// The batch's events of this kind.
    static func events(in batch: borrowing Batch) -> [Self]

    /// Returns why the event cannot be applied; nil if it can. `place` is its index among the events
    /// of its kind.
    func reserve(
        at place: Int, in models: Models, batch: borrowing Batch, reservation: inout Reservation
    ) -> Refusal?

    func apply(
        at place: Int, to models: Models, batch: borrowing Batch,
        reservation: borrowing Reservation)
}

/// Why an event cannot be applied.
enum Refusal: Equatable {
    /// Its series exceed a limit.
    case limit(DropReason)
    /// The event is wrong: the code and the sentence of the answer.
    case invalid(RejectionCode, String)
}

extension AppliedEvent {
    static func reserve(
        _ batch: borrowing Batch, in models: Models, reservation: inout Reservation,
        outcome: inout BatchOutcome
    ) {
        for (place, event) in events(in: batch).enumerated()
        where !reservation.isRefused(kind, place: place) {
            switch event.reserve(
                at: place, in: models, batch: batch, reservation: &reservation)
            {
            case nil: continue
            case .limit(let reason)?:
                outcome.refuse(event.item, reason: reason, budget: models.budget)
            case .invalid(let code, let sentence)?:
                outcome.reject(Int(event.item), code: code, detail: sentence)
            }
            reservation.refuse(kind, place: place)
        }
    }

    static func apply(
        _ batch: borrowing Batch, to models: Models, reservation: inout Reservation
    ) {
        for (place, event) in events(in: batch).enumerated()
        where !reservation.isRefused(kind, place: place) {
            event.apply(at: place, to: models, batch: batch, reservation: reservation)
        }
    }
}
