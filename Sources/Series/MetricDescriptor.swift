package import Exposition

/// A family of the registry and the shape of its series.
package struct MetricDescriptor: Sendable {
    package enum Shape: Sendable {
        /// A counter of whole numbers.
        case counter
        /// A counter that grows by fractions.
        case sum
        case gauge
        /// A gauge that is always 1.
        case info
        /// A classic histogram with its default bounds; a store can have others.
        case histogram(BucketBounds)
    }

    /// The index in `MetricDescriptors`.
    let index: Int
    package let family: Family
    package let shape: Shape
    /// The name in snapshots of earlier releases; nil if it has not changed.
    let formerName: String?

    /// Whether a snapshot's family of this name is this one.
    func isNamed(_ name: String) -> Bool { family.name == name || formerName == name }
}

/// All fixed families that stores can hold, in the order of the page.
package struct MetricDescriptors: Sendable {
    package private(set) var instruments: [MetricDescriptor] = []

    package init() {}

    /// Appends a family. `help` is one sentence; `sharesStem` is passed to `Family`.
    package mutating func add(
        _ name: String, shape: MetricDescriptor.Shape, help: String, sharesStem: Bool = false,
        formerName: String? = nil
    ) -> MetricDescriptor {
        let kind: Family.Kind =
            switch shape {
            case .counter, .sum: .counter
            case .gauge, .info: .gauge
            case .histogram: .histogram
            }
        let descriptor = MetricDescriptor(
            index: instruments.count,
            family: Family(name, kind: kind, help: help, sharesStem: sharesStem), shape: shape,
            formerName: formerName)
        instruments.append(descriptor)
        return descriptor
    }
}
