internal import CText
package import Kernel

/// One page of the exposition while it is written: families one after the other, samples of one
/// family together.
///
/// A series that stands on the page already is dropped and counted, and so is every sample of a
/// family whose name has been used before.
package struct Page: ~Copyable {
    package private(set) var format: Format
    /// Samples on the page.
    package internal(set) var samples = 0
    /// Samples that were dropped as duplicates since the page was made.
    package private(set) var duplicates: UInt64 = 0
    var body: Buffer
    private var lastCount = 0
    private var families = SeriesSet(capacity: 512)
    private var series = SeriesSet(capacity: 1024)
    private(set) var familyIsRefused = false
    /// Samples that were left out since `allowSamples`.
    package private(set) var droppedSamples = 0
    private var lastAllowedSample = Int.max
    /// Samples of guests that were left out since the page was made: the name has another type on
    /// the page, or OpenMetrics gives it to another family.
    package internal(set) var typeConflicts: UInt64 = 0
    package internal(set) var nameClashes: UInt64 = 0
    /// What the histograms of a page of protobuf have beyond their lines, by family.
    var attachments: [String: [ProtobufEncoder.HistogramExtras]] = [:]
    var guests: MergedFamilies?
    /// The families of owners that came before the guests, by what identifies them; empty without
    /// guests, unless `notesHosts`.
    package internal(set) var hosts: [UInt64: Family.Kind] = [:]
    /// Lets this page know its families though it has no guests.
    package var notesHosts = false
    /// The family begun last, while there are guests.
    var openFamily: (identity: UInt64, kind: Family.Kind)?

    package init(format: Format, body: consuming Buffer) {
        self.format = format
        self.body = body
    }

    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { body.bytes }
    }

    /// Starts a page anew in the same memory.
    package mutating func restart(format: Format) {
        self.format = format
        samples = 0
        allowSamples(.max)
        familyIsRefused = false
        families.removeAll()
        series.removeAll()
        body.removeAll()
        attachments.removeAll()
        guests = nil
        hosts.removeAll(keepingCapacity: true)
        notesHosts = false
        openFamily = nil
    }

    /// Makes room for as many bytes as the page before had, so that a large page does not grow step
    /// by step.
    package mutating func reserveAsBefore() {
        if lastCount > body.capacity { body.reserve(lastCount + lastCount / 16) }
    }

    /// Gives the finished page away; the next one is written into `empty`.
    package mutating func takeBody(leaving empty: consuming Buffer) -> Buffer {
        var taken = empty
        swap(&taken, &body)
        return taken
    }

    /// Leaves out all samples after the next `count`, until it is said again.
    package mutating func allowSamples(_ count: Int) {
        droppedSamples = 0
        lastAllowedSample = samples.addingReportingOverflow(count).overflow ? .max : samples + count
    }

    /// Starts a family. The samples that follow are its.
    package mutating func begin(_ family: Family) {
        let knowsFamilies = guests != nil || notesHosts
        if knowsFamilies { endFamily() }
        familyIsRefused = !families.insert(family.identity)
        if familyIsRefused { return }
        if knowsFamilies { openFamily = (family.identity, family.kind) }
        body.append(header(of: family))
    }

    /// The HELP and TYPE lines of a family; a page of protobuf is text until it is finished.
    func header(of family: Family) -> [UInt8] {
        format == .openMetrics ? family.openMetricsHeader : family.header
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
        body.append(text)
        let room = Int(ctext_number_capacity) + 1
        unsafe body.append(room: room) { target in
            let length = unsafe ctext_number(value, target)
            unsafe target[length] = 0x0A
            return length + 1
        }
        samples += 1
    }

    /// Returns whether the series is new; one that is not is counted.
    mutating func insertSeries(_ identity: UInt64) -> Bool {
        if series.insert(identity) { return true }
        duplicates &+= 1
        return false
    }

    /// Ends the page as its format asks.
    package mutating func finish() {
        defer { lastCount = body.count }
        writeGuests()
        switch format {
        case .text: return
        case .openMetrics: body.append("# EOF\n")
        case .protobuf:
            // Text that its own parser does not take would be our mistake: Prometheus gets the text.
            if let messages = try? ProtobufEncoder().encode(body.bytes, attachments: attachments) {
                body = messages
            } else {
                format = .text
            }
        }
    }
}
