package import Exposition
internal import Kernel
package import Wire

/// A registry of families that are made at run time, beside the fixed `MetricDescriptors`: for
/// metrics whose names, types and labels clients choose.
///
/// Limits bound everything: families, series per family and series in all, which come out of the
/// same `SeriesBudget` as those of models. A series that has not been set for its time to live is
/// removed, and a family goes with its last series. The owner guards the registry by a lock; the
/// page is written under it.
package struct DynamicFamilies: ~Copyable, Sendable {
    /// The type of a family.
    package enum Shape: UInt8, Sendable {
        /// A counter: increments are added, and it never falls.
        case counter = 0
        /// A gauge: the last value counts.
        case gauge = 1
    }

    package struct Limits: Sendable {
        /// 5,000 names are as many as the largest services have.
        package var families = 5_000
        package var seriesPerFamily = 2_000
        package var series = 50_000
        /// How long a series stays after its last value.
        package var timeToLive = Duration.seconds(24 * 60 * 60)

        package init() {}
    }

    /// Why a value is refused.
    package enum Refusal: Sendable, Equatable, Error {
        /// The name is not valid in Prometheus.
        case invalidName
        /// The name, or a name that its samples have, belongs to a family of the daemon.
        case reservedName
        /// The family has another type.
        case typeConflict(Shape)
        /// A counter's increment is negative or not finite, or its sum would not be finite.
        case value
        case familyLimit, familySeriesLimit, seriesLimit
        /// A limit that is shared with other pushed series.
        case budget(DropReason)
    }

    /// A series: its rendered labels, its value and the time at which it expires.
    private struct DynamicSeries: Sendable {
        let labels: [UInt8]
        var value: Double
        /// Nanoseconds on the monotonic clock.
        var end: UInt64
    }

    private struct DynamicFamily: Sendable {
        let family: Family
        let shape: Shape
        var places: [[UInt8]: Int] = [:]
        var series: [DynamicSeries] = []
    }

    private let limits: Limits
    private let budget: SeriesBudget
    private let isReserved: @Sendable (String) -> Bool
    private var families: [String: DynamicFamily] = [:]
    /// The number of series of all families.
    package private(set) var seriesCount = 0
    private var pageBytes = 0

    /// `isReserved` returns whether the daemon has a family of this name.
    package init(
        _ limits: Limits = Limits(), budget: SeriesBudget,
        isReserved: @escaping @Sendable (String) -> Bool
    ) {
        self.limits = limits
        self.budget = budget
        self.isReserved = isReserved
    }

    deinit {
        budget.release(seriesCount)
        budget.release(pageBytes: pageBytes)
    }

    /// The number of families.
    package var familyCount: Int { families.count }

    /// Adds an increment to a counter or sets a gauge. Makes the family and the series if they are
    /// new. `help` counts for a new family only. `now` is in nanoseconds of the monotonic clock.
    package mutating func record(
        _ value: Double, in name: String, shape: Shape, labels: LabelSet, help: String? = nil,
        now: UInt64
    ) throws(Refusal) {
        guard value.isFinite, shape == .gauge || value >= 0 else { throw .value }
        if let known = families[name] {
            if known.shape != shape { throw .typeConflict(known.shape) }
        } else {
            try check(name, shape: shape)
        }
        let end = now &+ min(limits.timeToLive.nanoseconds, .max / 2)
        if let place = families[name]?.places[labels.bytes] {
            let sum = shape == .counter ? (families[name]?.series[place].value ?? 0) + value : value
            guard sum.isFinite else { throw .value }
            families[name]?.series[place].value = sum
            families[name]?.series[place].end = end
            return
        }
        try makeRoom(name, labels: labels)
        if families[name] == nil {
            let kind: Family.Kind = shape == .counter ? .counter : .gauge
            families[name] = DynamicFamily(
                family: Family(name, kind: kind, help: help), shape: shape)
        }
        let place = families[name]?.series.count
        families[name]?.places[labels.bytes] = place
        families[name]?.series.append(
            DynamicSeries(labels: labels.bytes, value: value, end: end))
    }

    private func check(_ name: String, shape: Shape) throws(Refusal) {
        if !name.utf8Span.span.isMetricName { throw .invalidName }
        if isReserved(name) { throw .reservedName }
        // OpenMetrics names a counter's family without its suffix: `x` must not be another family.
        let stem = name.hasSuffix("_total") ? String(name.dropLast("_total".count)) : name
        if shape == .counter, stem != name {
            if isReserved(stem) { throw .reservedName }
            if let other = families[stem] { throw .typeConflict(other.shape) }
        } else if let other = families[name + "_total"] {
            throw .typeConflict(other.shape)
        }
        if families.count >= limits.families { throw .familyLimit }
    }

    private mutating func makeRoom(_ name: String, labels: LabelSet) throws(Refusal) {
        if seriesCount >= limits.series { throw .seriesLimit }
        if families[name]?.series.count ?? 0 >= limits.seriesPerFamily { throw .familySeriesLimit }
        if let reason = budget.take(1) { throw .budget(reason) }
        budget.take(pageBytes: labels.bytes.count)
        pageBytes += labels.bytes.count
        seriesCount += 1
    }

    /// Removes the series that have expired, and the families without a series. Returns the earliest
    /// time at which another one can expire.
    package mutating func removeExpired(now: UInt64) -> UInt64 {
        var next = UInt64.max
        for (name, family) in families {
            let staying = family.series.filter { $0.end > now }
            for series in staying { next = min(next, series.end) }
            if staying.count == family.series.count { continue }
            let removedBytes = family.series.reduce(0) { $0 + ($1.end > now ? 0 : $1.labels.count) }
            release(family.series.count - staying.count, bytes: removedBytes)
            if staying.isEmpty {
                families[name] = nil
                continue
            }
            var kept = family
            kept.series = staying
            kept.places = [:]
            for (place, series) in staying.enumerated() { kept.places[series.labels] = place }
            families[name] = kept
        }
        return next
    }

    private mutating func release(_ count: Int, bytes: Int) {
        budget.release(count)
        budget.release(pageBytes: bytes)
        seriesCount -= count
        pageBytes -= bytes
    }

    /// Writes the families in the order of their names, the series in the order in which they were
    /// made.
    package func write(to page: inout Page) {
        for family in families.values.sorted(by: { $0.family.name < $1.family.name }) {
            page.begin(family.family)
            for series in family.series {
                page.row(family.family, labels: series.labels.span, value: series.value)
            }
        }
    }

    // MARK: Records

    /// Writes all families. Times are written as the time that is left.
    package func write(to record: inout ByteWriter, now: UInt64) {
        record.write(count: families.count)
        for (name, family) in families {
            record.write(name)
            record.write(UInt64(family.shape.rawValue))
            record.write(family.family.help ?? "")
            record.write(count: family.series.count)
            for series in family.series {
                record.write(series.labels.span)
                record.write(series.value)
                record.write(series.end > now ? series.end - now : 0)
            }
        }
    }

    /// Replaces everything by what was written, whatever the limits are now. Returns false, and is
    /// empty, if the record is damaged.
    package mutating func read(_ record: inout ByteReader, now: UInt64) -> Bool {
        removeAll()
        for _ in 0..<record.count() {
            let name = record.text().string
            let shape = Shape(rawValue: UInt8(record.number(below: 2))) ?? .gauge
            let help = record.text().string
            guard name.utf8Span.span.isMetricName else {
                record.damage()
                break
            }
            var family = DynamicFamily(
                family: Family(
                    name, kind: shape == .counter ? .counter : .gauge,
                    help: help.isEmpty ? nil : help), shape: shape)
            for _ in 0..<record.count() {
                let labels = record.text().copied
                let value = record.double()
                let left = record.number()
                family.places[labels] = family.series.count
                family.series.append(
                    DynamicSeries(labels: labels, value: value, end: now &+ min(left, .max / 2)))
                _ = budget.lifted { budget.take(1) }
                budget.take(pageBytes: labels.count)
                seriesCount += 1
                pageBytes += labels.count
            }
            if family.places.count != family.series.count { record.damage() }
            families[name] = family
        }
        if record.isDamaged { removeAll() }
        return !record.isDamaged
    }

    /// Removes everything.
    package mutating func removeAll() {
        release(seriesCount, bytes: pageBytes)
        families.removeAll()
    }
}
