internal import Exposition
internal import Kernel
internal import Settings
internal import Wire

/// Counters of the network protocols (`netstat -s`): /proc/net/netstat, snmp and snmp6
/// (Documentation/networking/snmp_counter.rst). A pattern chooses which are shown.
struct Netstat: Collector, ~Copyable {
    static var name: String { "netstat" }

    /// Protocols of one file; kernels have less than ten.
    static var sectionLimit: Int { 64 }
    /// Fields of one protocol; the largest has about 140.
    static var fieldLimit: Int { 1024 }

    /// A protocol's line of names as it was last seen, and which column is which series.
    private final class Section {
        let names: [UInt8]
        /// By column: the series, nil for a field that the settings leave out.
        let columns: [UnlabelledMetric?]
        /// Names that no metric can have.
        let invalidNames: Int

        init(_ names: [UInt8], columns: [UnlabelledMetric?], invalidNames: Int) {
            self.names = names
            self.columns = columns
            self.invalidNames = invalidNames
        }
    }

    /// A file of protocols.
    private final class Table {
        var file: KernelFile
        var sections: [Section] = []

        init(_ file: consuming KernelFile) {
            self.file = file
        }
    }

    private let extended: Table
    private let common: Table
    private var version6: KernelFile
    private let pattern: Pattern?
    private var fields6 = FieldList()
    private var values: [(column: Int, value: Double)] = []

    init(_ roots: FilesystemRoots, pattern: Pattern?) {
        extended = Table(roots.proc.file("net/netstat"))
        common = Table(roots.proc.file("net/snmp"))
        version6 = roots.proc.file("net/snmp6")
        self.pattern = pattern
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        // A file that fails does not cost the others.
        var failure: KernelError?
        for table in [extended, common] {
            do throws(KernelError) {
                try scrape.read(lines: &table.file)
                scrape.skippedLines += write(scrape.text.bytes, table: table, to: &page)
            } catch {
                failure = error
            }
        }
        do throws(KernelError) {
            try scrape.read(lines: &version6)
            scrape.skippedLines += write6(scrape.text.bytes, to: &page)
        } catch {
            // A kernel without IPv6 has no such file.
            if !error.isAbsence { failure = error }
        }
        if let failure { throw failure }
    }

    mutating func writeExtended(_ text: Span<UInt8>, to page: inout Page) -> Int {
        write(text, table: extended, to: &page)
    }

    /// Writes pairs of lines, `Tcp: name name` and `Tcp: value value`. Returns what could not be
    /// used: lines without a partner, pairs of different lengths, values that are no numbers.
    private mutating func write(
        _ text: Span<UInt8>, table: Table, to page: inout Page
    ) -> Int {
        var skipped = 0
        var next = 0
        var lines = Cursor(text)
        while let header = lines.line() {
            var names = header
            var ahead = lines
            guard let title = names.text(before: 0x3A), !title.isEmpty, var row = ahead.line(),
                let same = row.text(before: 0x3A), same.equals(title),
                next < Netstat.sectionLimit
            else {
                skipped += 1
                continue
            }
            lines = ahead
            if next == table.sections.count
                || !header.rest.equals(table.sections[next].names)
            {
                table.sections.removeSubrange(next...)
                table.sections.append(section(header.rest, title: title))
            }
            skipped += write(row, section: table.sections[next], to: &page)
            next += 1
        }
        return skipped
    }

    private mutating func write(
        _ row: Cursor, section: Section, to page: inout Page
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
        // With another number of values their order is unknown.
        if column != section.columns.count { return 1 }
        for (column, value) in values {
            if let single = section.columns[column] { page.single(single, value: value) }
        }
        return skipped
    }

    private func section(_ line: Span<UInt8>, title: Span<UInt8>) -> Section {
        var columns: [UnlabelledMetric?] = []
        var invalid = 0
        var names = Cursor(line)
        _ = names.word()
        let title = title.string
        while let name = names.word(), columns.count <= Netstat.fieldLimit {
            switch Netstat.meaning(title, field: name.string, pattern: pattern) {
            case .series(let single): columns.append(single)
            case .unwanted: columns.append(nil)
            case .invalid:
                columns.append(nil)
                invalid += 1
            }
        }
        return Section(line.copied, columns: columns, invalidNames: invalid)
    }

    /// Writes lines of `Ip6InReceives 12`, where the protocol's name ends with the first 6.
    mutating func write6(_ text: Span<UInt8>, to page: inout Page) -> Int {
        var skipped = 0
        let pattern = pattern
        fields6.begin()
        var lines = Cursor(text)
        while var line = lines.line() {
            guard let name = line.word(), let value = line.signedField() else {
                skipped += 1
                continue
            }
            let meaning = fields6.find(name) { name in
                guard let six = name.offset(of: 0x36) else { return .unwanted }
                return Netstat.meaning(
                    name.extracting(first: six + 1).string,
                    field: name.extracting(droppingFirst: six + 1).string, pattern: pattern)
            }
            switch meaning {
            case .series(let single): page.single(single, value: value)
            case .unwanted: break
            case .invalid: skipped += 1
            }
        }
        return skipped
    }

    private static func meaning(
        _ title: String, field: String, pattern: Pattern?
    ) -> FieldList.Meaning {
        let key = "\(title)_\(field)"
        let family = "node_netstat_\(key)"
        guard family.utf8Span.span.isMetricName else { return .invalid }
        if let pattern, !pattern.matches(key.utf8Span.span) { return .unwanted }
        return .series(
            UnlabelledMetric(family, kind: .untyped, help: "Statistic \(title)\(field)."))
    }
}
