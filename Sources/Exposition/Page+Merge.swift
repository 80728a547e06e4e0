internal import Kernel

/// The rendered families of one owner, which `Page.merge` adds to those that the page has.
package struct FamilySource: Sendable {
    package let index: FamilyIndex
    /// Whether the owner guarantees that the index has no series twice. Its series are then compared
    /// only with those of other owners that have a family of the same name.
    package let hasUniqueSeries: Bool

    package init(_ index: FamilyIndex, hasUniqueSeries: Bool) {
        self.index = index
        self.hasUniqueSeries = hasUniqueSeries
    }
}

/// The one place where families of several owners come together: a name occurs once on a page, with
/// the samples of all owners that have it.
extension Page {
    /// Adds the families of `sources`, called once after all families of the page's own are written.
    ///
    /// Samples of a name that the page has are added to that family, under its HELP and TYPE; families
    /// with other names follow at the end. Of several sources with the same name the
    /// first determines HELP and TYPE. Samples with another type, and series that are there already,
    /// are dropped and counted; so are, in OpenMetrics, names that it reserves for another family and
    /// values that it forbids, for which a strict parser would reject the whole page.
    package mutating func merge(_ sources: [FamilySource]) {
        let sources = sources.filter { !$0.index.isEmpty }
        if sources.isEmpty { return }
        let names = names(missingFrom: sources)
        var kinds = format == .openMetrics ? familyKinds : [:]
        joinSections(sources)
        for name in names {
            let found = sources.compactMap { source in
                source.index[identity: name.identity].map { ($0, source.hasUniqueSeries) }
            }
            guard let (first, isUnique) = found.first else { continue }
            if format == .openMetrics, clashes(first.family, kinds: kinds, sources: sources) {
                for (entry, _) in found { nameClashes &+= UInt64(entry.seriesCount) }
                continue
            }
            begin(first.family)
            if format == .openMetrics { kinds[name.identity] = first.family.kind }
            for (entry, _) in found {
                write(
                    entry, kind: first.family.kind, comparing: found.count > 1 || !isUnique)
            }
        }
    }

    /// Adds samples to families that the page has.
    private mutating func joinSections(_ sources: [FamilySource]) {
        let isShared = sections.contains { section in
            sources.contains { $0.index[identity: section.identity] != nil }
        }
        // Most pages share no name with a source, and their bytes stay where they are.
        if !isShared { return }
        var original = Buffer(capacity: 1024)
        swap(&original, &body)
        // From here on `body` collects the added samples; where those of each section end in it:
        var ends: [Int] = []
        ends.reserveCapacity(sections.count)
        for section in sections {
            for source in sources {
                guard let entry = source.index[identity: section.identity] else { continue }
                write(entry, kind: section.kind, comparing: true)
            }
            ends.append(body.count)
        }
        var joined = Buffer(capacity: original.count + body.count + 1024)
        var added = 0
        for place in sections.indices {
            let start = sections[place].start
            let end = place + 1 < sections.count ? sections[place + 1].start : original.count
            sections[place].start = joined.count
            joined.append(original.bytes.extracting(start..<end))
            joined.append(body.bytes.extracting(added..<ends[place]))
            added = ends[place]
        }
        body = joined
    }

    /// The names in `sources` that the page does not have, sorted.
    private func names(
        missingFrom sources: [FamilySource]
    ) -> [(name: String, identity: UInt64)] {
        var seen = Set(sections.map(\.identity))
        var names: [(name: String, identity: UInt64)] = []
        for source in sources {
            source.index.forEach { identity, entry in
                let isNew =
                    sources.count == 1
                    ? !seen.contains(identity) : seen.insert(identity).inserted
                if isNew { names.append((entry.family.name, identity)) }
            }
        }
        return names.sorted { $0.name < $1.name }
    }

    /// Writes an entry's samples into a family of this `kind`.
    private mutating func write(
        _ entry: FamilyIndex.Entry, kind: Family.Kind, comparing: Bool
    ) {
        entry.forEachPart { part in
            // Groups that were stored before the page had the name may have it with several types.
            if part.family.kind != kind {
                typeConflicts &+= UInt64(part.count)
                return
            }
            let forbidden = format == .openMetrics ? part.forbiddenLines : []
            if format != .protobuf, !comparing, forbidden.isEmpty {
                body.append(part.text)
                samples += part.count
                return
            }
            var first = 0
            for lines in forbidden {
                write(part, lines: first..<lines.lowerBound, comparing: comparing)
                forbiddenValues &+= UInt64(lines.count)
                first = lines.upperBound
            }
            write(part, lines: first..<part.count, comparing: comparing)
        }
    }

    private mutating func write(_ part: RenderedFamily, lines: Range<Int>, comparing: Bool) {
        for line in lines {
            let isNew = !comparing || insertSeries(part.identities[line])
            if format == .protobuf {
                encoder.write(part, line: line, isIncluded: isNew, to: &body)
            } else if isNew {
                let text = part.text
                body.append(text.span.extracting(part.line(line)))
            }
            if isNew { samples += 1 }
        }
    }

    /// Whether OpenMetrics reserves this name for another family: `foo` beside the counter
    /// `foo_total`, or a name that another family has for its samples, such as `foo_count` beside the
    /// histogram `foo`. `kinds` are the families that are written.
    private func clashes(
        _ family: Family, kinds: [UInt64: Family.Kind], sources: [FamilySource]
    ) -> Bool {
        let others = ReservedNames { kinds[$0] }
        if others.clash(with: family) { return true }
        // Counters win over names of other sources, although these are written before them.
        if family.isTotal { return false }
        let counters = ReservedNames { identity in
            for source in sources {
                if let entry = source.index[identity: identity] { return entry.family.kind }
            }
            return nil
        }
        return counters.haveCounter(reserving: family.name)
    }
}
