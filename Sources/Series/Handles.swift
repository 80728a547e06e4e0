/// A counter of whole things in a ledger.
package struct Counter: Sendable, Equatable {
    let word: UInt32
}

/// A counter in a ledger that grows by fractions.
package struct FloatCounter: Sendable, Equatable {
    let word: UInt32
}

/// A gauge in a ledger.
package struct Gauge: Sendable, Equatable {
    let word: UInt32
}

/// A classic histogram in a ledger: the sum, then each bucket's own observations.
package struct Histogram: Sendable, Equatable {
    let word: UInt32
    let descriptor: UInt32
}

/// A series of a ledger whose value is 1 and whose labels may change.
package struct Info: Sendable, Equatable {
    let place: Int
}

/// Where the histograms of a family went when their bounds changed.
package struct HistogramMoves: Sendable, Equatable {
    var words: [UInt32: UInt32] = [:]

    /// The same histogram at its new place.
    package func moved(_ histogram: Histogram) -> Histogram {
        guard let word = words[histogram.word] else { return histogram }
        return Histogram(word: word, descriptor: histogram.descriptor)
    }
}

/// Where labels stand in a ledger, to be shared by several series.
package struct Labels: Sendable, Equatable {
    let start: UInt32
    let count: UInt32
}

/// A series of a ledger: its labels and its first word.
struct Entry: Sendable, Equatable {
    var labels: Labels
    var word: UInt32

    /// What the first word of a series holds that is reserved and not shown: no counter gets there,
    /// and as a Double it is a NaN that no arithmetic makes.
    static let hidden = UInt64.max
}

/// A series of value 1: its family and its labels, empty as long as it is hidden.
struct InfoSeries: Sendable {
    let descriptor: Int
    var labels: [UInt8]
}
