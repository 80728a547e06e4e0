package import Exposition
package import Observation

extension SeriesStore {
    /// Adds to a counter, which stays at the maximum on overflow. Nothing here fails: numbers out of
    /// bounds have been refused before.
    @inline(__always)
    package mutating func add(_ counter: Counter, amount: UInt64 = 1) {
        let place = Int(counter.word)
        let value = words[place]
        let (sum, overflow) =
            value == Entry.hidden ? (amount, false) : value.addingReportingOverflow(amount)
        words[place] = overflow ? Entry.hidden - 1 : min(sum, Entry.hidden - 1)
    }

    /// Adds to a counter of fractions. A number that is not positive, or would make the sum infinite,
    /// adds nothing.
    @inline(__always)
    package mutating func add(_ sum: FloatCounter, amount: Double) {
        let place = Int(sum.word)
        let value = words[place] == Entry.hidden ? 0 : Double(bitPattern: words[place])
        let sum = value + amount
        words[place] = (amount > 0 && sum.isFinite ? sum : value).bitPattern
    }

    /// Sets a counter that is counted elsewhere, such as by the kernel.
    package mutating func set(_ counter: Counter, to value: UInt64) {
        words[Int(counter.word)] = min(value, Entry.hidden - 1)
    }

    /// As above, for a counter of fractions.
    package mutating func set(_ sum: FloatCounter, to value: Double) {
        words[Int(sum.word)] = value.bitPattern
    }

    package mutating func set(_ gauge: Gauge, value: Double) {
        words[Int(gauge.word)] = value.bitPattern
    }

    /// Adds observations of one value. A value that would make the sum infinite is not observed: only
    /// records of earlier releases can have one.
    @inline(__always)
    package mutating func observe(_ histogram: Histogram, value: Double, times: UInt64 = 1) {
        guard let bounds = bounds[Int(histogram.descriptor)], !value.isNaN else { return }
        let place = Int(histogram.word)
        let sum = words[place] == Entry.hidden ? 0 : Double(bitPattern: words[place])
        let total = sum + value * Double(times)
        if !total.isFinite { return }
        words[place] = total.bitPattern
        words[place + 1 + bounds.bucket(of: value)] &+= times
        if keepsNatives {
            natives[histogram.word, default: NativeHistogram()].observe(value, times: times)
        }
    }

    /// Adds many observations, as `observe(_:value:times:)` does.
    package mutating func observe(_ histogram: Histogram, observations: Span<Observation>) {
        guard let bounds = bounds[Int(histogram.descriptor)] else { return }
        let place = Int(histogram.word)
        var total = words[place] == Entry.hidden ? 0 : Double(bitPattern: words[place])
        var words = words.mutableSpan
        for index in observations.indices {
            let observation = observations[index]
            let sum = total + observation.value * Double(observation.weight)
            if !sum.isFinite { continue }
            total = sum
            let bucket = place &+ 1 &+ bounds.bucket(of: observation.value)
            words[bucket] &+= observation.weight
        }
        words[place] = total.bitPattern
        if keepsNatives {
            natives[histogram.word, default: NativeHistogram()].observe(observations)
        }
    }

    /// Sets the exemplar of the bucket of its value.
    package mutating func set(_ exemplar: Exemplar, of histogram: Histogram) {
        guard let bounds = bounds[Int(histogram.descriptor)] else { return }
        exemplars[histogram.word, default: [Exemplar?](repeating: nil, count: bounds.bucketCount)][
            bounds.bucket(of: exemplar.value)] = exemplar
    }

    /// The time of the exemplar of the bucket of `value`, in Unix seconds; nil without one.
    package func exemplarTime(of value: Double, in histogram: Histogram) -> Double? {
        guard let bounds = bounds[Int(histogram.descriptor)] else { return nil }
        return exemplars[histogram.word]?[bounds.bucket(of: value)]?.timestamp
    }

    // MARK: Showing

    /// Shows a hidden series at 0.
    package mutating func show(_ counter: Counter) { show(counter.word) }
    package mutating func show(_ sum: FloatCounter) { show(sum.word) }
    package mutating func show(_ histogram: Histogram) { show(histogram.word) }

    private mutating func show(_ word: UInt32) {
        if words[Int(word)] == Entry.hidden { words[Int(word)] = 0 }
    }

    /// Hides a gauge until it is set again.
    package mutating func hide(_ gauge: Gauge) {
        words[Int(gauge.word)] = Entry.hidden
    }

    /// Hides a counter that is counted elsewhere until it is set again.
    package mutating func hide(_ counter: Counter) {
        words[Int(counter.word)] = Entry.hidden
    }

    // MARK: Reading

    /// The value of a counter; 0 if it is hidden.
    package func value(_ counter: Counter) -> UInt64 {
        let value = words[Int(counter.word)]
        return value == Entry.hidden ? 0 : value
    }
}

extension NativeHistogram {
    fileprivate mutating func observe(_ observations: Span<Observation>) {
        for index in observations.indices {
            observe(observations[index].value, times: observations[index].weight)
        }
    }
}
