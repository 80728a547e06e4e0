internal import Kernel

/// Families of `FamilyIndex`es on the page: samples of a name that an earlier owner has written stand
/// behind its samples, under its HELP; the others follow when all owners have written.
extension Page {
    /// What a page knows of its guests.
    struct MergedFamilies {
        struct Owner {
            let index: FamilyIndex
            let isUnique: Bool
        }

        var parties: [Owner] = []
        /// The names of guests that stand on the page.
        var written: Set<UInt64> = []
    }

    /// Lets the families of `index` come onto this page, behind those invited before; said before
    /// the page's first family.
    ///
    /// With `isUnique` the owner vouches that no series is in the index twice, and its series are
    /// compared only where others have the same family.
    package mutating func invite(_ index: FamilyIndex, isUnique: Bool = true) {
        if index.isEmpty { return }
        guests = guests ?? MergedFamilies()
        guests?.parties.append(MergedFamilies.Owner(index: index, isUnique: isUnique))
    }

    /// Writes the guests of the family that ends here.
    mutating func endFamily() {
        guard let open = openFamily else { return }
        openFamily = nil
        hosts[open.identity] = open.kind
        guard let parties = guests?.parties else { return }
        for party in parties {
            guard let entry = party.index.entries[open.identity] else { continue }
            guests?.written.insert(open.identity)
            compareAndWrite(entry, kind: open.kind)
        }
    }

    /// Writes the guests whose names nobody else has. The page needs no other family after that.
    package mutating func writeGuests() {
        endFamily()
        guard let guests else { return }
        self.guests = nil
        for name in names(left: guests) {
            let found = guests.parties.compactMap { party in
                party.index.entries[name.identity].map { ($0, party.isUnique) }
            }
            guard let (first, isUnique) = found.first else { continue }
            if format == .openMetrics, clashes(first.family, guests: guests) {
                for (entry, _) in found { nameClashes &+= UInt64(entry.seriesCount) }
                continue
            }
            body.append(header(of: first.family))
            if found.count > 1 || !isUnique {
                for (entry, _) in found { compareAndWrite(entry, kind: first.family.kind) }
            } else {
                for part in first.parts {
                    body.append(part.text)
                    samples += part.count
                }
            }
        }
    }

    /// The names that are not on the page yet, in order.
    private func names(left guests: MergedFamilies) -> [(name: String, identity: UInt64)] {
        var seen = guests.written
        var names: [(name: String, identity: UInt64)] = []
        for party in guests.parties {
            for (identity, entry) in party.index.entries {
                let isNew =
                    guests.parties.count == 1
                    ? !seen.contains(identity) : seen.insert(identity).inserted
                if isNew { names.append((entry.family.name, identity)) }
            }
        }
        return names.sorted { $0.name < $1.name }
    }

    /// Writes the samples of a guest behind those of others of the same name and `kind`, but for
    /// those that are there.
    private mutating func compareAndWrite(_ entry: FamilyIndex.Entry, kind: Family.Kind) {
        if entry.family.kind != kind {
            typeConflicts &+= UInt64(entry.seriesCount)
            return
        }
        for part in entry.parts {
            let text = part.text
            for line in 0..<part.count where insertSeries(part.identities[line]) {
                body.append(text.span.extracting(part.line(line)))
                samples += 1
            }
        }
    }

    /// Whether OpenMetrics gives this name to another family: `foo` beside the counter `foo_total`,
    /// `foo_created` beside that counter, a histogram `foo` or a summary `foo`.
    private func clashes(_ family: Family, guests: MergedFamilies) -> Bool {
        if family.kind == .counter, family.name.hasSuffix("_total") { return false }
        if kind(of: family.name + "_total", guests: guests) == .counter { return true }
        guard family.name.hasSuffix("_created") else { return false }
        let stem = String(family.name.dropLast("_created".count))
        if kind(of: stem + "_total", guests: guests) == .counter { return true }
        let kind = kind(of: stem, guests: guests)
        return kind == .histogram || kind == .summary
    }

    private func kind(of name: String, guests: MergedFamilies) -> Family.Kind? {
        let identity = SeriesHash.of(family: name)
        if let kind = hosts[identity] { return kind }
        for party in guests.parties {
            if let entry = party.index.entries[identity] { return entry.family.kind }
        }
        return nil
    }
}
