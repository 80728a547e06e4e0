internal import Kernel

/// Families of a `FamilyIndex` on the page: samples of a name that an earlier owner has written stand
/// behind its samples, under its HELP; the others follow when all owners have written.
extension Page {
    /// What a page knows of its guests.
    struct Guests {
        let index: FamilyIndex
        /// The names that stand on the page.
        var written: Set<UInt64> = []
        /// The names and types of the owners before.
        var hosts: [UInt64: Family.Kind] = [:]
    }

    /// Lets the families of `index` come onto this page; said before its first family.
    public mutating func invite(_ index: FamilyIndex) {
        guests = index.isEmpty ? nil : Guests(index: index)
    }

    /// Writes the guests of the family that ends here.
    mutating func endFamily() {
        guard let open = openFamily else { return }
        openFamily = nil
        guests?.hosts[open.identity] = open.kind
        guard let entry = guests?.index.entries[open.identity] else { return }
        guests?.written.insert(open.identity)
        if entry.family.kind != open.kind {
            for part in entry.parts { typeConflicts &+= UInt64(part.count) }
            return
        }
        for part in entry.parts {
            for line in 0..<part.count {
                if insertSeries(part.identities[line]) {
                    let text = part.text
                    body.append(text.span.extracting(part.line(line)))
                    samples += 1
                }
            }
        }
    }

    /// Writes the guests whose names nobody else has. The page needs no other family after that.
    public mutating func writeGuests() {
        endFamily()
        guard let guests else { return }
        self.guests = nil
        let left = guests.index.entries.values.filter {
            !guests.written.contains($0.family.identity)
        }
        for entry in left.sorted(by: { $0.family.name < $1.family.name }) {
            if format == .openMetrics, clashes(entry.family, guests) {
                for part in entry.parts { nameClashes &+= UInt64(part.count) }
                continue
            }
            body.append(
                format == .text
                    ? entry.family.header.span : entry.family.openMetricsHeader.span)
            for part in entry.parts {
                body.append(part.text)
                samples += part.count
            }
        }
    }

    /// Whether OpenMetrics gives this name to another family: `foo` beside the counter `foo_total`,
    /// `foo_created` beside that counter, a histogram `foo` or a summary `foo`.
    private func clashes(_ family: Family, _ guests: Guests) -> Bool {
        if family.kind == .counter, family.name.hasSuffix("_total") { return false }
        if kind(of: family.name + "_total", guests) == .counter { return true }
        guard family.name.hasSuffix("_created") else { return false }
        let stem = String(family.name.dropLast("_created".count))
        if kind(of: stem + "_total", guests) == .counter { return true }
        let kind = kind(of: stem, guests)
        return kind == .histogram || kind == .summary
    }

    private func kind(of name: String, _ guests: Guests) -> Family.Kind? {
        let identity = SeriesIdentity.of(family: name)
        return guests.hosts[identity] ?? guests.index.entries[identity]?.family.kind
    }
}
