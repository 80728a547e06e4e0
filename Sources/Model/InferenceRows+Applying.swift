internal import Observation
internal import Series

extension InferenceRows: AppliedEvents {
    static func reserve(
        _ batch: borrowing Batch, in models: Models, reservation: inout Reservation,
        outcome: inout BatchOutcome
    ) {
        for run in batch.runs.indices
        where !reservation.rows.haveAll(RowFlags.refused, rows: batch.rows(of: run)) {
            let scope = batch.runs[run].scope
            if let version = models.version(scope, batch: batch, reservation: &reservation) {
                version.reserve(batch, run: run, reservation: &reservation, outcome: &outcome)
            } else {
                let refusal = reservation.targets[scope].refusal ?? .seriesLimit
                for row in batch.rows(of: run) {
                    reservation.rows.refuse(
                        row, batch: batch, reason: refusal, budget: models.budget,
                        outcome: &outcome)
                }
            }
        }
    }

    static func apply(
        _ batch: borrowing Batch, to models: Models, reservation: inout Reservation
    ) {
        for run in batch.runs.indices {
            guard let version = reservation.targets[batch.runs[run].scope].version else { continue }
            let rows = version.apply(batch, run: run, reservation: &reservation)
            version.owner.observe(rows: rows)
        }
    }
}
