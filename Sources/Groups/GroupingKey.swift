/// What tells a group from the others: its labels, sorted by name.
public struct GroupingKey: Hashable, Sendable {
    public struct Label: Hashable, Sendable {
        public let name: String
        public let value: String
    }

    public let labels: [Label]

    /// Of labels with the same name the last one counts.
    public init(_ labels: [(name: String, value: String)]) {
        var values: [String: String] = [:]
        for label in labels { values[label.name] = label.value }
        self.labels = values.map { Label(name: $0.key, value: $0.value) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// As an exposition's labels.
    public var pairs: [(name: String, value: String)] { labels.map { ($0.name, $0.value) } }
}
