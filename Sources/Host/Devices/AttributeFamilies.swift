internal import Exposition
internal import Kernel

/// Families whose samples are attributes of devices: which families there are, and which series
/// each has, is decided by the devices that are found.
struct AttributeFamilies: ~Copyable {
    /// What a value is multiplied with or divided by to be in base units.
    enum Scale {
        case times(Double)
        case over(Double)

        func apply(_ value: Double) -> Double {
            switch self {
            case .times(let factor): value * factor
            case .over(let divisor): value / divisor
            }
        }
    }

    private final class Reading {
        let attribute: Attribute
        let series: Series
        let labels: LabelSet
        let form: Attribute.Form
        let scale: Scale
        let mayBeText: Bool

        init(_ attribute: Attribute, series: Series, labels: LabelSet, row: AttributeRow) {
            self.attribute = attribute
            self.series = series
            self.labels = labels
            form = row.form
            scale = row.scale
            mayBeText = row.mayBeText
        }
    }

    private final class Member {
        let family: Family
        var readings: [Reading] = []

        init(_ family: Family) {
            self.family = family
        }
    }

    /// Attributes beyond this many are not read.
    let limit: Int
    private var members: [Member] = []
    private var slots: [String: Int] = [:]
    private var known: [String: (family: String, reading: Reading)] = [:]
    private var found: [String: (family: String, reading: Reading)] = [:]

    init(limit: Int = 65536) {
        self.limit = limit
    }

    /// Begins a new search for devices.
    mutating func begin() {
        members.removeAll(keepingCapacity: true)
        slots.removeAll(keepingCapacity: true)
        found.removeAll(keepingCapacity: true)
    }

    /// Adds the attributes of one device, whose directory is `folder`.
    mutating func add(
        _ rows: [AttributeRow], in folder: String, of root: Root,
        labels: [(name: String, value: String)]
    ) {
        if rows.isEmpty { return }
        let labels = LabelSet(labels)
        for row in rows { add(row, file: "\(folder)/\(row.file)", of: root, labels: labels) }
    }

    /// Adds the attribute in `file`, wherever that is. Its family comes behind those that are there.
    mutating func add(
        _ row: AttributeRow, file: String, of root: Root, labels: LabelSet
    ) {
        if found.count >= limit { return }
        let place: Int
        if let known = slots[row.family] {
            place = known
        } else {
            place = members.count
            slots[row.family] = place
            members.append(Member(row.makeFamily()))
        }
        let member = members[place]
        // What is known keeps its open file and its rendered name.
        if let old = known[file], old.family == row.family, old.reading.labels == labels,
            old.reading.attribute.refusal == nil
        {
            member.readings.append(old.reading)
            found[file] = old
        } else {
            let reading = Reading(
                Attribute(root, name: file), series: Series(member.family, labels: labels),
                labels: labels, row: row)
            member.readings.append(reading)
            found[file] = (row.family, reading)
        }
    }

    /// The devices have been found.
    mutating func end() {
        swap(&known, &found)
        found.removeAll()
    }

    /// Why the first of the attributes that cannot be read is refused; nil if all can.
    var refusal: KernelError? {
        for member in members {
            for reading in member.readings {
                if let refusal = reading.attribute.refusal { return refusal }
            }
        }
        return nil
    }

    /// Reads and writes all samples. Returns whether an attribute has been removed.
    func write(_ scrape: inout CollectionContext, to page: inout Page) -> Bool {
        var hasLost = false
        for member in members {
            var hasBegun = false
            for reading in member.readings {
                guard
                    let value = reading.attribute.number(
                        reading.form, mayBeText: reading.mayBeText, scrape: &scrape)
                else {
                    if reading.attribute.isGone { hasLost = true }
                    continue
                }
                if value.isNaN { continue }
                if !hasBegun {
                    page.begin(member.family)
                    hasBegun = true
                }
                page.sample(reading.series, value: reading.scale.apply(value))
            }
        }
        return hasLost
    }
}
