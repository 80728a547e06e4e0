internal import Exposition
internal import Kernel
internal import Observation
internal import Series

extension VariantSeries {
    /// Reserves what a run needs, so that each of its rows is counted completely or not at all. Rows
    /// that exceed a limit are refused.
    func reserve(
        _ batch: borrowing Batch, run: Int, in store: inout SeriesStore, budget: SeriesBudget,
        reservation: inout Reservation, outcome: inout BatchOutcome
    ) {
        reserveMeasures(
            batch, run: run, in: &store, budget: budget, origin: reservation.origin,
            marks: &reservation.rows, outcome: &outcome)
        if !batch.features(of: run).isEmpty || !batch.inputErrors(of: run).isEmpty {
            reservation.symbols.begin(batch.nameCount)
            if reservation.origin == .record {
                for name in reservation.droppedFeatures where name.place == run {
                    reservation.symbols.drop(name.name)
                }
            }
            inputs.reserve(
                batch, run: run, in: &store, series: self, budget: budget,
                symbols: &reservation.symbols, marks: &reservation.rows, outcome: &outcome)
            if !reservation.isReplayed {
                for name in reservation.symbols.dropped {
                    reservation.droppedFeatures.append(Reservation.Name(place: run, name: name))
                }
            }
        }
        reserveAmounts(
            batch, run: run, isBinding: budget.isBinding, marks: &reservation.rows,
            outcome: &outcome)
    }

    /// Counts the rows of a run that are not refused. Returns the rows of input that they represent.
    func apply(
        _ batch: borrowing Batch, run: Int, in store: inout SeriesStore, budget: SeriesBudget,
        reservation: inout Reservation
    ) -> UInt64 {
        if reservation.rows.haveAll(RowFlags.refused, rows: batch.rows(of: run)) { return 0 }
        show(in: &store)
        let rows = count(batch, run: run, in: &store, budget: budget, marks: reservation.rows)
        if !batch.features(of: run).isEmpty || !batch.inputErrors(of: run).isEmpty {
            reservation.symbols.begin(batch.nameCount)
            inputs.count(
                batch, run: run, in: &store, series: self, budget: budget,
                symbols: &reservation.symbols, marks: &reservation.rows)
        }
        if !batch.traces(of: run).isEmpty {
            keepExemplars(
                batch, run: run, in: &store, marks: reservation.rows,
                now: reservation.context.unixSeconds
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
            if reason.isNone { continue }
            reserveName(
                row, batch: batch, flag: RowFlags.otherReason, limit: budget.limits.reasons,
                origin: origin, budget: budget, marks: &marks, outcome: &outcome
            ) { limit in
                let refusal = reserve(reason: batch.bytes(reason), in: &store, limit: limit)
                return (refusal, reasons.counter(of: batch.bytes(reason)) == nil)
            }
        }
        for place in batch.finishReasons(of: run) {
            let reason = batch.finishReasons[place]
            reserveName(
                Int(reason.row), batch: batch, flag: RowFlags.otherFinishReason,
                limit: budget.limits.finishReasons, origin: origin, budget: budget, marks: &marks,
                outcome: &outcome
            ) { limit in
                let name = batch.bytes(reason.name)
                let refusal = reserve(finishReason: name, in: &store, limit: limit)
                return (refusal, finishReasons.counter(of: name) == nil)
            }
        }
    }

    /// Reserves the counter of a row's name by `reserve`, which gets the limit of names and says which
    /// limit of series is reached and whether the name is beyond the limit of names.
    private func reserveName(
        _ row: Int, batch: borrowing Batch, flag: UInt8, limit: Int, origin: Reservation.Origin,
        budget: SeriesBudget, marks: inout RowFlags, outcome: inout BatchOutcome,
        reserve: (Int) -> (refusal: DropReason?, isBeyond: Bool)
    ) {
        if marks.has(RowFlags.refused, row: row) { return }
        // A replayed row is counted where it was counted, whatever the limit is now.
        let limit = marks.has(flag, row: row) ? 0 : origin == .record ? .max : limit
        let (refusal, isBeyond) = reserve(limit)
        if let refusal {
            marks.refuse(row, batch: batch, reason: refusal, budget: budget, outcome: &outcome)
        } else if origin != .record, isBeyond {
            _ = marks.insert(flag, row: row)
        }
    }

    /// The largest value of a counter. Up to 2^53 a double, which Prometheus stores, holds every
    /// whole number; beyond it `rate()` would be wrong anyway.
    static let maximumCount: UInt64 = 1 << 53

    /// Refuses the rows that would take a counter beyond `maximumCount`. The rows of input bound all
    /// counters and buckets of the variant, except tokens, which are checked as well.
    ///
    /// Reserved amounts are added up separately, because several pushes are reserved before one is
    /// applied.
    private func reserveAmounts(
        _ batch: borrowing Batch, run: Int, isBinding: Bool, marks: inout RowFlags,
        outcome: inout BatchOutcome
    ) {
        let weights = batch.weights
        let sizes = batch.sizes
        for row in batch.rows(of: run) {
            if marks.has(RowFlags.refused, row: row) { continue }
            let sum = reservedRows.adding(weights[row], times: sizes[row])
            if isBinding, sum > VariantSeries.maximumCount {
                refuse(row, batch: batch, what: "rows", marks: &marks, outcome: &outcome)
            } else {
                reservedRows = sum
            }
        }
        for (direction, measure) in [Measure.inputTokens, .outputTokens].enumerated() {
            let all = batch.observations(measure)
            for place in batch.observations(measure, of: run) {
                let observation = all[place]
                let row = Int(observation.row)
                if marks.has(RowFlags.refused, row: row) { continue }
                let sum = reservedTokens[direction].adding(
                    UInt64(exactly: observation.value.rounded()) ?? .max,
                    times: observation.weight)
                if isBinding, sum > VariantSeries.maximumCount {
                    refuse(row, batch: batch, what: "tokens", marks: &marks, outcome: &outcome)
                } else {
                    reservedTokens[direction] = sum
                }
            }
        }
    }

    private func refuse(
        _ row: Int, batch: borrowing Batch, what: StaticString, marks: inout RowFlags,
        outcome: inout BatchOutcome
    ) {
        if !marks.insert(RowFlags.refused, row: row) { return }
        outcome.reject(
            Int(batch.items[row]), code: .badValue,
            detail:
                "the \(what) of this model version and variant would exceed \(VariantSeries.maximumCount), the largest whole number that Prometheus stores exactly"
        )
    }

    /// Counts the rows of a run that are not refused. Returns the rows of input that they represent.
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
            }
            if measure == .inputTokens, let counter = tokens[0] {
                add(
                    batch.observations(measure).extracting(range), counter: counter, store: &store,
                    marks: marks)
            } else if measure == .outputTokens, let counter = tokens[1] {
                add(
                    batch.observations(measure).extracting(range), counter: counter, store: &store,
                    marks: marks)
            }
        }
        countFinishReasons(batch, run: run, in: &store, budget: budget, marks: marks)
        return rows
    }

    private func countFinishReasons(
        _ batch: borrowing Batch, run: Int, in store: inout SeriesStore, budget: SeriesBudget,
        marks: RowFlags
    ) {
        for place in batch.finishReasons(of: run) {
            let reason = batch.finishReasons[place]
            let row = Int(reason.row)
            if marks.has(RowFlags.refused, row: row) { continue }
            count(
                batch.bytes(reason.name), of: finishReasons, limit: .finishReasonLimit,
                amount: batch.weights[row], in: &store, budget: budget)
        }
    }

    private func countReason(
        _ batch: borrowing Batch, row: Int, in store: inout SeriesStore, budget: SeriesBudget
    ) {
        let reason = batch.reasons[row]
        if reason.isNone { return }
        count(
            batch.bytes(reason), of: reasons, limit: .reasonLimit, amount: batch.weights[row],
            in: &store, budget: budget)
    }

    private func count(
        _ name: Span<UInt8>, of counters: NamedCounters, limit: DropReason, amount: UInt64,
        in store: inout SeriesStore, budget: SeriesBudget
    ) {
        if let counter = counters.counter(of: name) {
            store.add(counter, amount: amount)
        } else if let beyond = counters.beyond {
            budget.drop(limit, count: amount)
            store.add(beyond, amount: amount)
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

    /// Keeps the trace ids of a run as exemplars of its durations: one per bucket and second, which
    /// bounds the cost at high rates. `now` is in Unix seconds.
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
                store.set(exemplar, of: histogram)
            }
        }
    }
}

extension RowFlags {
    /// Refuses the event of a row, once.
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
    /// The sum, or the maximum on overflow.
    func adding(_ number: UInt64, times factor: UInt64) -> UInt64 {
        let (product, isTooLarge) = number.multipliedReportingOverflow(by: factor)
        let (sum, overflow) = addingReportingOverflow(isTooLarge ? .max : product)
        return overflow ? .max : sum
    }
}

extension Span<Observation> {
    /// The index of the first observation of this row or a later one.
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
