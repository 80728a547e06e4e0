/// The key of a group: its labels, sorted by name.
package struct GroupingKey: Hashable, Sendable {
    package struct Label: Hashable, Sendable {
        package let name: String
        package let value: String
    }

    package let labels: [Label]

    /// Of labels with the same name the last one counts.
    package init(_ labels: [(name: String, value: String)]) {
        var values: [String: String] = [:]
        for label in labels { values[label.name] = label.value }
        self.labels = values.map { Label(name: $0.key, value: $0.value) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// The labels as text, for messages.
    package var text: String {
        "{" + labels.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",") + "}"
    }

    /// As an exposition's labels.
    package var pairs: [(name: String, value: String)] { labels.map { ($0.name, $0.value) } }
}
