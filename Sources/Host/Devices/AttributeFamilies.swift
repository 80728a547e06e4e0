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

        init(
            _ attribute: Attribute, series: Series, labels: LabelSet, form: Attribute.Form,
            scale: Scale, mayBeText: Bool
        ) {
            self.attribute = attribute
            self.series = series
            self.labels = labels
            self.form = form
            self.scale = scale
            self.mayBeText = mayBeText
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

    /// Adds an attribute as a sample of a family, which is made by `family` if it is new. A value that
    /// is not a number is skipped, and counts as invalid unless `mayBeText` is set.
    mutating func add(
        _ root: Root, file: String, to name: String, labels: [(name: String, value: String)],
        form: Attribute.Form = .unsigned, scale: Scale = .times(1),
        mayBeText: Bool = false, family: () -> Family
    ) {
        if found.count >= limit { return }
        let place: Int
        if let known = slots[name] {
            place = known
        } else {
            place = members.count
            slots[name] = place
            members.append(Member(family()))
        }
        let member = members[place]
        let labels = LabelSet(labels)
        // What is known keeps its open file and its rendered name.
        if let old = known[file], old.family == name, old.reading.labels == labels,
            !old.reading.attribute.isRefused
        {
            member.readings.append(old.reading)
            found[file] = old
        } else {
            let reading = Reading(
                Attribute(root, name: file), series: Series(member.family, labels: labels),
                labels: labels, form: form, scale: scale,
                mayBeText: mayBeText)
            member.readings.append(reading)
            found[file] = (name, reading)
        }
    }

    /// The devices have been found.
    mutating func end() {
        swap(&known, &found)
        found.removeAll()
    }

    /// The path of the first attribute that the daemon has no permission to read, or nil.
    var refusedPath: String? {
        for member in members {
            for reading in member.readings where reading.attribute.isRefused {
                return reading.attribute.path
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
