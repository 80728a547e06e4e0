public import Kernel
internal import Exposition

/// A group's labels in a record.
extension GroupingKey {
    public func write(to record: inout RecordWriter) {
        record.write(count: labels.count)
        for label in labels {
            record.write(label.name)
            record.write(label.value)
        }
    }

    /// Nil, and the record damaged, when a label has a name that none can have.
    public init?(_ record: inout RecordReader) {
        var labels: [(name: String, value: String)] = []
        for _ in 0..<record.count() {
            let name = record.text()
            guard LabelSet.isValidName(name) else {
                record.damage()
                return nil
            }
            labels.append((name.string, record.text().string))
        }
        self.init(labels)
    }
}
