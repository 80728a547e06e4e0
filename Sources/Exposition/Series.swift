/// The rendered name and labels of a series: what precedes every value, `name{labels} `.
package struct Series: Sendable {
    let text: [UInt8]
    /// The hash by which duplicates are found.
    let identity: UInt64

    /// Renders the series of `family` with these labels.
    package init(_ family: Family, labels: LabelSet = .none) {
        var text = Array(family.name.utf8)
        if !labels.bytes.isEmpty {
            text.append(0x7B)
            text += labels.bytes
            text.append(0x7D)
        }
        text.append(0x20)
        self.text = text
        identity = SeriesHash.of(family: family.identity, labels: labels)
    }
}

/// A family with exactly one series.
package struct UnlabelledMetric: Sendable {
    package let family: Family
    let series: Series

    /// `labels` are constant ones, as those of build information.
    package init(_ family: Family, labels: LabelSet = .none) {
        self.family = family
        series = Series(family, labels: labels)
    }

    /// Without labels.
    package init(_ name: String, kind: Family.Kind, help: String) {
        self.init(Family(name, kind: kind, help: help))
    }
}
