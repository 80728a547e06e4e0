package import Exposition

/// A family of the registry, and what one of its series holds.
package struct MetricDescriptor: Sendable {
    package enum Shape: Sendable {
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
    package let family: Family
    package let shape: Shape
}

/// All families that ledgers may hold, in the order in which a page shows them.
package struct MetricDescriptors: Sendable {
    package private(set) var instruments: [MetricDescriptor] = []

    package init() {}

    /// Appends a family; `help` is one sentence. `sharesStem` is what `Family` says of it.
    package mutating func add(
        _ name: String, shape: MetricDescriptor.Shape, help: String, sharesStem: Bool = false
    ) -> MetricDescriptor {
        let kind: Family.Kind =
            switch shape {
            case .counter, .sum: .counter
            case .gauge, .info: .gauge
            case .histogram: .histogram
            }
        let descriptor = MetricDescriptor(
            index: instruments.count,
            family: Family(name, kind: kind, help: help, sharesStem: sharesStem), shape: shape)
        instruments.append(descriptor)
        return descriptor
    }
}
