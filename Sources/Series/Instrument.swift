public import Exposition

/// A family of the registry, and what one of its series holds.
public struct Instrument: Sendable {
    public enum Shape: Sendable {
        /// A counter of whole things.
        case counter
        /// A counter that grows by fractions.
        case sum
        case gauge
        /// A gauge that is always 1.
        case info
        /// A classic histogram; a ledger may have bounds of its own.
        case histogram(BucketBounds)
    }

    /// The place in its catalogue.
    let index: Int
    public let family: Family
    public let shape: Shape
}

/// All families that ledgers may hold, in the order in which a page shows them.
public struct Catalogue: Sendable {
    public private(set) var instruments: [Instrument] = []

    public init() {}

    /// Appends a family; `help` is one sentence. `sharesStem` is what `Family` says of it.
    public mutating func add(
        _ name: String, _ shape: Instrument.Shape, help: String, sharesStem: Bool = false
    ) -> Instrument {
        let kind: Family.Kind =
            switch shape {
            case .counter, .sum: .counter
            case .gauge, .info: .gauge
            case .histogram: .histogram
            }
        let instrument = Instrument(
            index: instruments.count,
            family: Family(name, kind, help: help, sharesStem: sharesStem), shape: shape)
        instruments.append(instrument)
        return instrument
    }
}
