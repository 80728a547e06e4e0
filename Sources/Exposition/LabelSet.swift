internal import Kernel
internal import Wire

/// The labels of a series, escaped and in the order of their names.
///
/// Only this type and `LineBuilder` write the bytes between the braces, so that nothing unescaped
/// reaches a page.
package struct LabelSet: Sendable, Equatable {
    /// The positions of a label in `bytes`: its name, and its value without the quotes.
    package struct Pair: Sendable, Equatable {
        package let name: Range<Int>
        package let value: Range<Int>
    }

    /// `name="value",name="value"`; empty without labels.
    package let bytes: [UInt8]
    package let pairs: [Pair]

    /// No labels.
    package static let none = LabelSet([])

    /// Escapes and sorts labels; `le` and `quantile` come last. Values may be any text: `Span.string` has
    /// replaced bytes that are not UTF-8. Names are the program's own, match `[a-zA-Z_][a-zA-Z0-9_]*` and
    /// occur once, which is a precondition.
    package init(_ labels: [(name: String, value: String)]) {
        let sorted = labels.sorted { LabelSet.precedes($0.name, other: $1.name) }
        var bytes: [UInt8] = []
        var pairs: [Pair] = []
        for (index, label) in sorted.enumerated() {
            precondition(label.name.utf8Span.span.isLabelName, "invalid label name: \(label.name)")
            precondition(index == 0 || sorted[index - 1].name != label.name, "duplicate label name")
            if index > 0 { bytes.append(0x2C) }
            let name = bytes.count..<bytes.count + label.name.utf8.count
            bytes += label.name.utf8
            bytes += [0x3D, 0x22]
            let value = Escape.labelValue(label.value)
            pairs.append(Pair(name: name, value: bytes.count..<bytes.count + value.count))
            bytes += value
            bytes.append(0x22)
        }
        self.bytes = bytes
        self.pairs = pairs
    }

    private static func precedes(_ one: String, other: String) -> Bool {
        let isLast = one == "le" || one == "quantile"
        let otherIsLast = other == "le" || other == "quantile"
        return isLast == otherIsLast ? one < other : otherIsLast
    }
}
