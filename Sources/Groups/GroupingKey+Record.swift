internal import Exposition
internal import Kernel
package import Wire

/// A group's labels in a record.
extension GroupingKey {
    package func write(to record: inout ByteWriter) {
        record.write(count: labels.count)
        for label in labels {
            record.write(label.name)
            record.write(label.value)
        }
    }

    /// Nil, and the record damaged, when a label has a name that none can have.
    package init?(_ record: inout ByteReader) {
        var labels: [(name: String, value: String)] = []
        for _ in 0..<record.count() {
            let name = record.text()
            guard name.isLabelName else {
                record.damage()
                return nil
            }
            labels.append((name.string, record.text().string))
        }
        self.init(labels)
    }
}
