internal import CText
package import Kernel
internal import Wire

/// One page of the exposition while it is written: families in order, each family's samples
/// together.
///
/// A series that the page already has is dropped and counted, and so is every sample of a family
/// whose name has been used before.
package struct Page: ~Copyable {
    /// A family on the page. It reaches up to the start of the next one.
    package struct Section: Sendable {
        let name: String
        /// The hash of the family's name.
        package let identity: UInt64
        package let kind: Family.Kind
        /// The offset of its first byte in `body`.
        var start: Int
        /// The bytes of its name, type and help: a section that is not longer has no sample.
        let headerCount: Int
    }

    package private(set) var format: Format
    /// Samples on the page.
    package internal(set) var samples = 0
    /// Samples dropped as duplicates since the page was created, over all of its restarts.
    package private(set) var duplicates: UInt64 = 0
    /// The families on the page, in order.
    package internal(set) var sections: [Section] = []
    /// The sum of the hashes of the names in `sections`: pages with the same families have the same.
    package private(set) var familySignature: UInt64 = 0
    /// A hash of the names in `sections` in their order.
    private(set) var familySequence: UInt64 = 0
    /// Of the last page.
    var order = FamilyOrder()
    /// Memory in which `sortFamilies` writes the next page.
    var spareBody = Buffer(capacity: 1)
    var spareSections: [Section] = []
    /// Whether the family begun last is a duplicate, so that its samples are dropped.
    private(set) var familyIsRefused = false
    /// Samples dropped because of `allowSamples`, since that was last called.
    package private(set) var droppedSamples = 0
    /// Merged samples that were dropped since the page was created because the page has the name
    /// with another type.
    package internal(set) var typeConflicts: UInt64 = 0
    /// Merged samples that were dropped since the page was created because OpenMetrics reserves the
    /// name for another family.
    package internal(set) var nameClashes: UInt64 = 0
    /// Merged samples that were dropped since the page was created because OpenMetrics forbids
    /// their values.
    package internal(set) var forbiddenValues: UInt64 = 0

    /// In the text formats what the client gets; in protobuf the fields of one `MetricFamily`
    /// message after the other, to which `finish` adds the lengths.
    var body: Buffer
    /// Used by the protobuf format only.
    var encoder = MetricEncoder()
    private var lastCount = 0
    private var familyNames = SeriesSet(capacity: 512)
    private var series = SeriesSet(capacity: 1024)
    private var lastAllowedSample = Int.max
    private var kind = Family.Kind.untyped
    private var nameCount = 0

    /// Creates an empty page that is written into `body`.
    package init(format: Format, body: consuming Buffer) {
        self.format = format
        self.body = body
    }

    /// What has been written so far; what a client may get only after `finish`.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { body.bytes }
    }

    /// The types of the families on the page, by the hash of the name.
    package var familyKinds: [UInt64: Family.Kind] {
        var kinds: [UInt64: Family.Kind] = [:]
        kinds.reserveCapacity(sections.count)
        for section in sections { kinds[section.identity] = section.kind }
        return kinds
    }

    /// Empties the page and keeps its memory and its counters.
    package mutating func restart(format: Format) {
        self.format = format
        samples = 0
        allowSamples(.max)
        familyIsRefused = false
        familySignature = 0
        familySequence = 0
        sections.removeAll(keepingCapacity: true)
        familyNames.removeAll()
        series.removeAll()
        body.removeAll()
    }

    /// Reserves as many bytes as the previous page had, so that a large page does not grow step by
    /// step.
    package mutating func reserveAsBefore() {
        if lastCount > body.capacity { body.reserve(lastCount + lastCount / 16) }
    }

    /// Returns the finished page without a copy; the next page is written into `empty`.
    package mutating func takeBody(leaving empty: consuming Buffer) -> Buffer {
        var taken = empty
        swap(&taken, &body)
        return taken
    }

    /// Drops all samples after the next `count`, until the next call.
    package mutating func allowSamples(_ count: Int) {
        droppedSamples = 0
        lastAllowedSample = samples.addingReportingOverflow(count).overflow ? .max : samples + count
    }

    /// Starts a family, to which the samples that follow belong.
    package mutating func begin(_ family: Family) {
        familyIsRefused = !familyNames.insert(family.identity)
        if familyIsRefused { return }
        familySignature &+= family.identity
        familySequence = familySequence &* 31 &+ family.identity
        (kind, nameCount) = (family.kind, family.nameBytes.count)
        let start = body.count
        switch format {
        case .text: body.append(family.header)
        case .openMetrics: body.append(family.openMetricsHeader)
        case .protobuf: MetricEncoder.writeHeader(of: family, to: &body)
        }
        sections.append(
            Section(
                name: family.name, identity: family.identity, kind: family.kind, start: start,
                headerCount: body.count - start))
    }

    /// Writes a sample of the family begun last.
    package mutating func sample(_ series: Series, value: Double) {
        sample(series.text.span, identity: series.identity, value: value)
    }

    /// Writes a family that has one series.
    package mutating func single(_ single: UnlabelledMetric, value: Double) {
        begin(single.family)
        sample(single.series, value: value)
    }

    /// Writes a sample of the family begun last; `text` is `name{labels} ` or `name `.
    @inline(__always)
    mutating func sample(_ text: Span<UInt8>, identity: UInt64, value: Double) {
        if samples >= lastAllowedSample {
            droppedSamples += 1
            return
        }
        if familyIsRefused || !series.insert(identity) {
            duplicates &+= 1
            return
        }
        samples += 1
        if format == .protobuf {
            // Behind the name either a blank or a brace, the labels, a brace and a blank.
            let end = max(text.count - 2, nameCount + 1)
            encoder.writeSample(
                kind, labels: text.extracting(min(nameCount + 1, text.count)..<end), value: value,
                to: &body)
            return
        }
        body.append(text)
        let capacity = Int(ctext_number_capacity) + 1
        unsafe body.append(upTo: capacity) { target in
            let length = unsafe ctext_number(value, target)
            unsafe target[length] = 0x0A
            return length + 1
        }
    }

    /// Returns whether the series is new; counts it if it is not.
    mutating func insertSeries(_ identity: UInt64) -> Bool {
        if series.insert(identity) { return true }
        duplicates &+= 1
        return false
    }

    /// Ends the page as its format requires. Nothing may be written to it after that.
    package mutating func finish() {
        switch format {
        case .text: break
        case .openMetrics: body.append("# EOF\n")
        case .protobuf: delimitMessages()
        }
        lastCount = body.count
    }

    /// Puts the length in front of each message; a family without a sample is left out, as the
    /// client libraries do.
    private mutating func delimitMessages() {
        var delimited = Buffer(capacity: max(body.count + 4 * sections.count, 1))
        for (place, section) in sections.enumerated() {
            let end = place + 1 < sections.count ? sections[place + 1].start : body.count
            if end - section.start == section.headerCount { continue }
            delimited.append(varint: UInt64(end - section.start))
            delimited.append(body.bytes.extracting(section.start..<end))
        }
        body = delimited
    }
}
