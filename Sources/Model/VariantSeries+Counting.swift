internal import Exposition
internal import Kernel
internal import Observation
internal import Series

extension VariantSeries {
    /// Reserves what a run needs, so that each of its rows is counted whole or not at all. Rows for
    /// which there is no room are marked and refused.
    func reserve(
        _ batch: borrowing Batch, _ run: Int, in ledger: inout SeriesStore, _ budget: SeriesBudget,
        _ decision: inout Reservation, _ verdict: inout BatchOutcome
    ) {
        reserveMeasures(batch, run, in: &ledger, budget, &decision.rows, &verdict)
        if !batch.features(of: run).isEmpty || !batch.inputErrors(of: run).isEmpty {
            decision.memo.begin(batch.nameCount)
            inputs.reserve(
                batch, run, in: &ledger, self, budget, &decision.memo, &decision.rows, &verdict)
        }
    }

    /// Counts the rows of a run that were not refused. Returns how many rows of input they were.
    func apply(
        _ batch: borrowing Batch, _ run: Int, in ledger: inout SeriesStore, _ budget: SeriesBudget,
        _ decision: inout Reservation
    ) -> UInt64 {
        if decision.rows.haveAll(RowFlags.refused, batch.rows(of: run)) { return 0 }
        show(in: &ledger)
        let rows = count(batch, run, in: &ledger, budget, decision.rows)
        if !batch.features(of: run).isEmpty || !batch.inputErrors(of: run).isEmpty {
            decision.memo.begin(batch.nameCount)
            inputs.count(
                batch, run, in: &ledger, self, budget, &decision.memo, &decision.rows)
        }
        if !batch.traces(of: run).isEmpty {
            keepExemplars(
                batch, run, in: &ledger, decision.rows, now: decision.arrival.unixSeconds)
        }
        return rows
    }

    private func reserveMeasures(
        _ batch: borrowing Batch, _ run: Int, in ledger: inout SeriesStore, _ budget: SeriesBudget,
        _ marks: inout RowFlags, _ verdict: inout BatchOutcome
    ) {
        for measure in Measure.allCases {
            let range = batch.observations(measure, of: run)
            if range.isEmpty { continue }
            guard let refusal = reserve(measure, in: &ledger) else { continue }
            let all = batch.observations(measure)
            for place in range {
                marks.refuse(Int(all[place].row), batch, refusal, budget, &verdict)
            }
        }
        let outcomes = batch.outcomes
        for row in batch.rows(of: run) where outcomes[row] != .ok {
            let reason = batch.reasons[row]
            if reason.isNone || marks.has(RowFlags.refused, row) { continue }
            if let refusal = reserve(reason: batch.bytes(reason), in: &ledger, budget.limits) {
                marks.refuse(row, batch, refusal, budget, &verdict)
            }
        }
    }

    /// Counts the rows of a run that were not refused. Returns how many rows of input they were.
    private func count(
        _ batch: borrowing Batch, _ run: Int, in ledger: inout SeriesStore, _ budget: SeriesBudget,
        _ marks: RowFlags
    ) -> UInt64 {
        let outcomes = batch.outcomes
        let weights = batch.weights
        let sizes = batch.sizes
        var ended = InlineArray<6, UInt64>(repeating: 0)
        var rows: UInt64 = 0
        for row in batch.rows(of: run) {
            if marks.has(RowFlags.refused, row) { continue }
            let weight = weights[row]
            ended[Int(outcomes[row].rawValue)] &+= weight
            rows = rows.adding(weight, times: sizes[row])
            if outcomes[row] != .ok { countReason(batch, row, in: &ledger, budget) }
        }
        for outcome in ended.indices where ended[outcome] > 0 {
            ledger.add(requests[outcome], ended[outcome])
        }
        ledger.add(predictions, rows)
        ledger.add(inputRows, rows)
        for measure in Measure.allCases {
            let range = batch.observations(measure, of: run)
            if range.isEmpty { continue }
            if let histogram = histograms[measure.rawValue] {
                observe(batch.observations(measure).extracting(range), histogram, &ledger, marks)
            } else if measure == .inputTokens, let counter = tokens[0] {
                add(batch.observations(measure).extracting(range), counter, &ledger, marks)
            } else if measure == .outputTokens, let counter = tokens[1] {
                add(batch.observations(measure).extracting(range), counter, &ledger, marks)
            }
        }
        return rows
    }

    private func countReason(
        _ batch: borrowing Batch, _ row: Int, in ledger: inout SeriesStore, _ budget: SeriesBudget
    ) {
        let reason = batch.reasons[row]
        if reason.isNone { return }
        if let counter = counter(of: batch.bytes(reason)) {
            ledger.add(counter, batch.weights[row])
        } else if let beyond {
            budget.drop(.reasonLimit, batch.weights[row])
            ledger.add(beyond, batch.weights[row])
        }
    }

    private func observe(
        _ observations: Span<Observation>, _ histogram: Histogram, _ ledger: inout SeriesStore,
        _ marks: RowFlags
    ) {
        if marks.isEmpty {
            ledger.observe(histogram, observations)
            return
        }
        for place in observations.indices {
            let observation = observations[place]
            if marks.has(RowFlags.refused, Int(observation.row)) { continue }
            ledger.observe(histogram, observation.value, times: observation.weight)
        }
    }

    private func add(
        _ observations: Span<Observation>, _ counter: Counter, _ ledger: inout SeriesStore,
        _ marks: RowFlags
    ) {
        var sum: UInt64 = 0
        for place in observations.indices {
            let observation = observations[place]
            if marks.has(RowFlags.refused, Int(observation.row)) { continue }
            sum = sum.adding(
                UInt64(exactly: observation.value.rounded()) ?? 0, times: observation.weight)
        }
        ledger.add(counter, sum)
    }

    /// Keeps the traces of a run as examples of the durations that they had: one per bucket and
    /// second. `now` is in Unix seconds.
    private func keepExemplars(
        _ batch: borrowing Batch, _ run: Int, in ledger: inout SeriesStore,
        _ marks: RowFlags, now: Double
    ) {
        guard let histogram = histograms[Measure.duration.rawValue] else { return }
        let durations = batch.observations(.duration).extracting(
            batch.observations(.duration, of: run))
        let traces = batch.traces
        for place in batch.traces(of: run) {
            let trace = traces[place]
            if marks.has(RowFlags.refused, Int(trace.row)) { continue }
            let first = durations.firstIndex(ofRow: trace.row)
            guard first < durations.count, durations[first].row == trace.row else { continue }
            let value = durations[first].value
            if let last = ledger.exemplarTime(of: value, in: histogram), now < last + 1 { continue }
            if let exemplar = Exemplar(
                trace: batch.bytes(trace.text).string, value: value, timestamp: now)
            {
                ledger.keep(exemplar, of: histogram)
            }
        }
    }
}

extension RowFlags {
    /// Refuses a row's item, once.
    mutating func refuse(
        _ row: Int, _ batch: borrowing Batch, _ reason: DropReason, _ budget: SeriesBudget,
        _ verdict: inout BatchOutcome
    ) {
        if insert(RowFlags.refused, row) { verdict.refuse(batch.items[row], reason, budget) }
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
