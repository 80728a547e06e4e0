internal import Kernel

/// An attribute whose lines become series, and the labels that they have from where it stands.
final class LabelledAttribute {
    let attribute: Attribute
    let labels: [(name: String, value: String)]
    /// What no other attribute has: its path.
    let key: [UInt8]

    init(_ root: Root, _ file: String, _ labels: [(name: String, value: String)]) {
        attribute = Attribute(root, file)
        self.labels = labels
        key = Array(attribute.path.utf8)
    }
}
