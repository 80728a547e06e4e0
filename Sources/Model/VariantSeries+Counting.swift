internal import Exposition
internal import Kernel
internal import Observation
internal import Series

extension VariantSeries {
    /// Reserves what a run needs, so that each of its rows is counted whole or not at all. Rows for
    /// which there is no room are marked and refused.
    func reserve(
        _ batch: borrowing Batch, run: Int, in store: inout SeriesStore, budget: SeriesBudget,
        decision: inout Reservation, outcome: inout BatchOutcome
    ) {
        reserveMeasures(
            batch, run: run, in: &store, budget: budget, origin: decision.origin,
            marks: &decision.rows, outcome: &outcome)
        if !batch.features(of: run).isEmpty || !batch.inputErrors(of: run).isEmpty {
            decision.symbols.begin(batch.nameCount)
            if decision.origin == .record {
                for name in decision.droppedFeatures where name.place == run {
                    decision.symbols.drop(name.name)
                }
            }
            inputs.reserve(
                batch, run: run, in: &store, traffic: self, budget: budget,
                symbols: &decision.symbols, marks: &decision.rows, outcome: &outcome)
            if !decision.isReplayed {
                for name in decision.symbols.dropped {
                    decision.droppedFeatures.append(Reservation.Name(place: run, name: name))
                }
            }
        }
    }

    /// Counts the rows of a run that were not refused. Returns how many rows of input they were.
    func apply(
        _ batch: borrowing Batch, run: Int, in store: inout SeriesStore, budget: SeriesBudget,
        decision: inout Reservation
    ) -> UInt64 {
        if decision.rows.haveAll(RowFlags.refused, rows: batch.rows(of: run)) { return 0 }
        show(in: &store)
        let rows = count(batch, run: run, in: &store, budget: budget, marks: decision.rows)
        if !batch.features(of: run).isEmpty || !batch.inputErrors(of: run).isEmpty {
            decision.symbols.begin(batch.nameCount)
            inputs.count(
                batch, run: run, in: &store, traffic: self, budget: budget,
                symbols: &decision.symbols, marks: &decision.rows)
        }
        if !batch.traces(of: run).isEmpty {
            keepExemplars(
                batch, run: run, in: &store, marks: decision.rows, now: decision.context.unixSeconds
            )
        }
        return rows
    }

    private func reserveMeasures(
        _ batch: borrowing Batch, run: Int, in store: inout SeriesStore, budget: SeriesBudget,
        origin: Reservation.Origin, marks: inout RowFlags, outcome: inout BatchOutcome
    ) {
        for measure in Measure.allCases {
            let range = batch.observations(measure, of: run)
            if range.isEmpty { continue }
            guard let refusal = reserve(measure, in: &store) else { continue }
            let all = batch.observations(measure)
            for place in range {
                marks.refuse(
                    Int(all[place].row), batch: batch, reason: refusal, budget: budget,
                    outcome: &outcome)
            }
        }
        let outcomes = batch.outcomes
        for row in batch.rows(of: run) where outcomes[row] != .ok {
            let reason = batch.reasons[row]
            if reason.isNone || marks.has(RowFlags.refused, row: row) { continue }
            // A replayed row goes where it went, whatever the limit is now.
            let limit =
                marks.has(RowFlags.otherReason, row: row)
                ? 0 : origin == .record ? .max : budget.limits.reasons
            if let refusal = reserve(reason: batch.bytes(reason), in: &store, limit: limit) {
                marks.refuse(row, batch: batch, reason: refusal, budget: budget, outcome: &outcome)
            } else if origin != .record, counter(of: batch.bytes(reason)) == nil {
                _ = marks.insert(RowFlags.otherReason, row: row)
            }
        }
    }

    /// Counts the rows of a run that were not refused. Returns how many rows of input they were.
    private func count(
        _ batch: borrowing Batch, run: Int, in store: inout SeriesStore, budget: SeriesBudget,
        marks: RowFlags
    ) -> UInt64 {
        let outcomes = batch.outcomes
        let weights = batch.weights
        let sizes = batch.sizes
        var ended = InlineArray<6, UInt64>(repeating: 0)
        var rows: UInt64 = 0
        for row in batch.rows(of: run) {
            if marks.has(RowFlags.refused, row: row) { continue }
            let weight = weights[row]
            ended[Int(outcomes[row].rawValue)] &+= weight
            rows = rows.adding(weight, times: sizes[row])
            if outcomes[row] != .ok { countReason(batch, row: row, in: &store, budget: budget) }
        }
        for outcome in ended.indices where ended[outcome] > 0 {
            store.add(requests[outcome], amount: ended[outcome])
        }
        store.add(predictions, amount: rows)
        store.add(inputRows, amount: rows)
        for measure in Measure.allCases {
            let range = batch.observations(measure, of: run)
            if range.isEmpty { continue }
            if let histogram = histograms[measure.rawValue] {
                observe(
                    batch.observations(measure).extracting(range), histogram: histogram,
                    store: &store, marks: marks)
            } else if measure == .inputTokens, let counter = tokens[0] {
                add(
                    batch.observations(measure).extracting(range), counter: counter, store: &store,
                    marks: marks)
            } else if measure == .outputTokens, let counter = tokens[1] {
                add(
                    batch.observations(measure).extracting(range), counter: counter, store: &store,
                    marks: marks)
            }
        }
        return rows
    }

    private func countReason(
        _ batch: borrowing Batch, row: Int, in store: inout SeriesStore, budget: SeriesBudget
    ) {
        let reason = batch.reasons[row]
        if reason.isNone { return }
        if let counter = counter(of: batch.bytes(reason)) {
            store.add(counter, amount: batch.weights[row])
        } else if let beyond {
            budget.drop(.reasonLimit, count: batch.weights[row])
            store.add(beyond, amount: batch.weights[row])
        }
    }

    private func observe(
        _ observations: Span<Observation>, histogram: Histogram, store: inout SeriesStore,
        marks: RowFlags
    ) {
        if marks.isEmpty {
            store.observe(histogram, observations: observations)
            return
        }
        for place in observations.indices {
            let observation = observations[place]
            if marks.has(RowFlags.refused, row: Int(observation.row)) { continue }
            store.observe(histogram, value: observation.value, times: observation.weight)
        }
    }

    private func add(
        _ observations: Span<Observation>, counter: Counter, store: inout SeriesStore,
        marks: RowFlags
    ) {
        var sum: UInt64 = 0
        for place in observations.indices {
            let observation = observations[place]
            if marks.has(RowFlags.refused, row: Int(observation.row)) { continue }
            sum = sum.adding(
                UInt64(exactly: observation.value.rounded()) ?? 0, times: observation.weight)
        }
        store.add(counter, amount: sum)
    }

    /// Keeps the traces of a run as examples of the durations that they had: one per bucket and
    /// second. `now` is in Unix seconds.
    private func keepExemplars(
        _ batch: borrowing Batch, run: Int, in store: inout SeriesStore,
        marks: RowFlags, now: Double
    ) {
        guard let histogram = histograms[Measure.duration.rawValue] else { return }
        let durations = batch.observations(.duration).extracting(
            batch.observations(.duration, of: run))
        let traces = batch.traces
        for place in batch.traces(of: run) {
            let trace = traces[place]
            if marks.has(RowFlags.refused, row: Int(trace.row)) { continue }
            let first = durations.firstIndex(ofRow: trace.row)
            guard first < durations.count, durations[first].row == trace.row else { continue }
            let value = durations[first].value
            if let last = store.exemplarTime(of: value, in: histogram), now < last + 1 { continue }
            if let exemplar = Exemplar(
                trace: batch.bytes(trace.text).string, value: value, timestamp: now)
            {
                store.keep(exemplar, of: histogram)
            }
        }
    }
}

extension RowFlags {
    /// Refuses a row's item, once.
    mutating func refuse(
        _ row: Int, batch: borrowing Batch, reason: DropReason, budget: SeriesBudget,
        outcome: inout BatchOutcome
    ) {
        if insert(RowFlags.refused, row: row) {
            outcome.refuse(batch.items[row], reason: reason, budget: budget)
        }
    }
}

extension UInt64 {
    /// The sum, or the largest number when it does not fit.
    func adding(_ number: UInt64, times factor: UInt64) -> UInt64 {
        let (product, isTooLarge) = number.multipliedReportingOverflow(by: factor)
        let (sum, overflow) = addingReportingOverflow(isTooLarge ? .max : product)
        return overflow ? .max : sum
    }
}

extension Span<Observation> {
    /// The first observation that does not belong to an earlier row.
    func firstIndex(ofRow row: UInt32) -> Int {
        var first = 0
        var last = count
        while first < last {
            let middle = (first + last) / 2
            if self[middle].row < row { first = middle + 1 } else { last = middle }
        }
        return first
    }
}
