internal import Exposition
internal import Kernel

/// A family with the value 1 whose labels are the texts of attributes. The labels are rendered when
/// a text changes.
struct AttributeInfo: ~Copyable {
    private final class Device {
        let labels: [(name: String, value: String)]
        let attributes: [(label: String, attribute: Attribute)]
        /// Bytes in front of each attribute's text that are not shown.
        let hidden: [Int]
        let key: [UInt8]

        init(
            _ labels: [(name: String, value: String)],
            attributes: [(label: String, attribute: Attribute)], hidden: [Int]
        ) {
            self.labels = labels
            self.attributes = attributes
            self.hidden = hidden
            key = Array((labels.map(\.value) + [""]).joined(separator: "\0").utf8)
        }
    }

    private let hidesEmpty: Bool
    private var table: SeriesTable
    private var devices: [Device] = []
    private var key: [UInt8] = []

    /// `hidesEmpty` leaves a label without a text out.
    init(_ family: Family, hidesEmpty: Bool = false) {
        self.hidesEmpty = hidesEmpty
        table = SeriesTable([SeriesTable.Column(family)])
    }

    /// Begins another search for devices.
    mutating func begin() {
        devices.removeAll(keepingCapacity: true)
    }

    /// A device: labels that stay, and attributes whose texts are labels, some of them numbers
    /// `withoutPrefix` 0x.
    mutating func add(
        _ labels: [(name: String, value: String)],
        attributes: [(label: String, attribute: Attribute)],
        withoutPrefix: Set<String> = []
    ) {
        let hidden = attributes.map { withoutPrefix.contains($0.label) ? 2 : 0 }
        devices.append(Device(labels, attributes: attributes, hidden: hidden))
    }

    /// Reads and writes all devices; an attribute that cannot be read is an empty label. Returns
    /// whether one has gone.
    mutating func write(_ scrape: inout CollectionContext, to page: inout Page) -> Bool {
        var hasLost = false
        table.begin()
        for device in devices {
            key.removeAll(keepingCapacity: true)
            key.append(contentsOf: device.key)
            for (place, (_, attribute)) in device.attributes.enumerated() {
                if attribute.read(&scrape) {
                    let text = scrape.text.bytes.trimmed
                    let first = text.count > device.hidden[place] ? device.hidden[place] : 0
                    for index in first..<text.count where text[index] != 0 {
                        key.append(text[index])
                    }
                } else if attribute.isGone {
                    hasLost = true
                }
                key.append(0)
            }
            let texts = key
            let hidesEmpty = hidesEmpty
            let row = table.row(
                texts.span,
                labels: {
                    let parts = texts.dropFirst(device.key.count).split(
                        separator: 0, omittingEmptySubsequences: false)
                    return device.labels
                        + zip(device.attributes, parts).map {
                            ($0.label, String(decoding: $1, as: UTF8.self))
                        }.filter { !hidesEmpty || !$0.1.isEmpty }
                })
            if let row { table[row, 0] = 1 }
        }
        table.end()
        table.write(to: &page)
        return hasLost
    }
}
