/// A counter of whole numbers in a store.
package struct Counter: Sendable, Equatable {
    let word: UInt32
}

/// A counter in a store that grows by fractions.
package struct FloatCounter: Sendable, Equatable {
    let word: UInt32
}

/// A gauge in a store.
package struct Gauge: Sendable, Equatable {
    let word: UInt32
}

/// A classic histogram in a store: the sum, then each bucket's own observations.
package struct Histogram: Sendable, Equatable {
    let word: UInt32
    let descriptor: UInt32
}

/// A series of a store whose value is 1 and whose labels may change.
package struct Info: Sendable, Equatable {
    let place: Int
}

/// The new positions of the histograms of a family whose bounds have changed.
package struct HistogramMoves: Sendable, Equatable {
    var words: [UInt32: UInt32] = [:]

    /// The histogram at its new position.
    package func moved(_ histogram: Histogram) -> Histogram {
        guard let word = words[histogram.word] else { return histogram }
        return Histogram(word: word, descriptor: histogram.descriptor)
    }
}

/// The position of labels in a store; several series can share them.
package struct Labels: Sendable, Equatable {
    let start: UInt32
    let count: UInt32
}

/// A series of a store: its labels and its first word.
struct Entry: Sendable, Equatable {
    var labels: Labels
    var word: UInt32

    /// The first word of a hidden series: no counter reaches it, and as a Double it is a NaN that no
    /// arithmetic makes.
    static let hidden = UInt64.max
}

/// A series of value 1: its family and its labels, which are empty while it is hidden.
struct InfoSeries: Sendable {
    let descriptor: Int
    var labels: [UInt8]
}
