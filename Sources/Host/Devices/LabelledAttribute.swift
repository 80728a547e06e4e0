internal import Kernel

/// An attribute whose lines become series, and the labels that they have from where it stands.
final class LabelledAttribute {
    let attribute: Attribute
    let labels: [(name: String, value: String)]
    /// What no other attribute has: its path.
    let key: [UInt8]

    init(_ root: Root, file: String, labels: [(name: String, value: String)]) {
        attribute = Attribute(root, name: file)
        self.labels = labels
        key = Array(attribute.path.utf8)
    }
}
