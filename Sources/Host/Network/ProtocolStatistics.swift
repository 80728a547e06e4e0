internal import Exposition
internal import Kernel
internal import Settings

/// Counters of the network protocols (`netstat -s`): /proc/net/netstat, snmp and snmp6
/// (Documentation/networking/snmp_counter.rst). A pattern chooses which are shown.
struct ProtocolStatistics: Collector, ~Copyable {
    static var name: String { "netstat" }

    /// Protocols of one file; a kernel tells less than ten.
    static var sectionLimit: Int { 64 }
    /// Fields of one protocol; the largest has about 140.
    static var fieldLimit: Int { 1024 }

    /// A protocol's line of names as it was last seen, and which column is which series.
    private final class Section {
        let names: [UInt8]
        /// By column: the series, nil for a field that nobody wants.
        let columns: [Single?]
        /// Names that no metric can have.
        let invalidNames: Int

        init(_ names: [UInt8], _ columns: [Single?], invalidNames: Int) {
            self.names = names
            self.columns = columns
            self.invalidNames = invalidNames
        }
    }

    private var extended: KernelFile
    private var common: KernelFile
    private var version6: KernelFile
    private let pattern: Pattern?
    private var extendedSections: [Section] = []
    private var commonSections: [Section] = []
    private var fields6 = FieldList()
    private var values: [(column: Int, value: Double)] = []

    init(_ roots: Roots, _ pattern: Pattern?) {
        extended = roots.proc.file("net/netstat")
        common = roots.proc.file("net/snmp")
        version6 = roots.proc.file("net/snmp6")
        self.pattern = pattern
    }

    mutating func collect(_ scrape: inout Scrape, into page: inout Page) throws(KernelError) {
        try scrape.read(&extended)
        scrape.skippedLines += write(scrape.text.bytes, &extendedSections, to: &page)
        try scrape.read(&common)
        scrape.skippedLines += write(scrape.text.bytes, &commonSections, to: &page)
        do throws(KernelError) {
            try scrape.read(&version6)
        } catch {
            // A kernel without IPv6.
            if error.isAbsence { return }
            throw error
        }
        scrape.skippedLines += write6(scrape.text.bytes, to: &page)
    }

    mutating func writeExtended(_ text: Span<UInt8>, to page: inout Page) -> Int {
        write(text, &extendedSections, to: &page)
    }

    /// Writes pairs of lines, `Tcp: name name` and `Tcp: value value`. Returns what could not be
    /// used: lines without a partner, pairs of different lengths, values that are no numbers.
    private mutating func write(
        _ text: Span<UInt8>, _ sections: inout [Section], to page: inout Page
    ) -> Int {
        var skipped = 0
        var next = 0
        var lines = Cursor(text)
        while let header = lines.line() {
            var names = header
            var ahead = lines
            guard let title = names.text(before: 0x3A), !title.isEmpty, var row = ahead.line(),
                let same = row.text(before: 0x3A), same.equals(title),
                next < ProtocolStatistics.sectionLimit
            else {
                skipped += 1
                continue
            }
            lines = ahead
            if next == sections.count || !header.rest.equals(sections[next].names) {
                sections.removeSubrange(next...)
                sections.append(section(header.rest, title))
            }
            skipped += write(row, sections[next], to: &page)
            next += 1
        }
        return skipped
    }

    private mutating func write(
        _ row: Cursor, _ section: Section, to page: inout Page
    ) -> Int {
        var row = row
        var skipped = section.invalidNames
        var column = 0
        values.removeAll(keepingCapacity: true)
        while let word = row.word() {
            if column < section.columns.count, section.columns[column] != nil {
                var cursor = Cursor(word)
                if let value = cursor.signedField() {
                    values.append((column, value))
                } else {
                    skipped += 1
                }
            }
            column += 1
        }
        // With another number of values nobody knows which is which.
        if column != section.columns.count { return 1 }
        for (column, value) in values {
            if let single = section.columns[column] { page.single(single, value) }
        }
        return skipped
    }

    private func section(_ line: Span<UInt8>, _ title: Span<UInt8>) -> Section {
        var columns: [Single?] = []
        var invalid = 0
        var names = Cursor(line)
        _ = names.word()
        let title = title.string
        while let name = names.word(), columns.count <= ProtocolStatistics.fieldLimit {
            switch meaning(title, name.string) {
            case .series(let single): columns.append(single)
            case .unwanted: columns.append(nil)
            case .invalid:
                columns.append(nil)
                invalid += 1
            }
        }
        return Section(line.copied, columns, invalidNames: invalid)
    }

    /// Writes lines of `Ip6InReceives 12`, where the protocol's name ends with the first 6.
    mutating func write6(_ text: Span<UInt8>, to page: inout Page) -> Int {
        var skipped = 0
        fields6.begin()
        var lines = Cursor(text)
        while var line = lines.line() {
            guard let name = line.word(), let value = line.signedField() else {
                skipped += 1
                continue
            }
            let place = fields6.find(name) { name in
                guard let six = name.offset(of: 0x36) else { return .unwanted }
                return meaning(
                    name.extracting(first: six + 1).string,
                    name.extracting(droppingFirst: six + 1).string)
            }
            switch place {
            case .single(let index): page.single(fields6[index], value)
            case .unwanted: break
            case .invalid: skipped += 1
            }
        }
        return skipped
    }

    private func meaning(_ title: String, _ field: String) -> FieldList.Meaning {
        let key = "\(title)_\(field)"
        let family = "node_netstat_\(key)"
        guard Family.isValidName(family.utf8Span.span) else { return .invalid }
        if let pattern, !pattern.matches(key.utf8Span.span) { return .unwanted }
        return .series(Single(family, .untyped, help: "Statistic \(title)\(field)."))
    }
}
