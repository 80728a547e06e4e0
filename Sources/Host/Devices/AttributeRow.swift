internal import Exposition

/// A row of a table of attributes: a file that a device may have, and the family that its values are.
struct AttributeRow: Sendable {
    /// The path below the device's directory.
    let file: String
    /// The whole name of the family: a counter if it ends in `_total`, otherwise a gauge.
    let family: String
    let help: String
    let form: Attribute.Form
    let scale: AttributeFamilies.Scale
    /// Whether a text that is no number is normal. Otherwise it counts as a skipped line.
    let mayBeText: Bool

    init(
        _ file: String, family: String, help: String, form: Attribute.Form = .unsigned,
        scale: AttributeFamilies.Scale = .times(1), mayBeText: Bool = false
    ) {
        self.file = file
        self.family = family
        self.help = help
        self.form = form
        self.scale = scale
        self.mayBeText = mayBeText
    }

    func makeFamily() -> Family {
        Family(family, kind: family.hasSuffix("_total") ? .counter : .gauge, help: help)
    }
}
