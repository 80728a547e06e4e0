/// Rendered families by name, of owners that write their samples after the host and the daemon
/// itself: a name stands once on a page, whoever has samples of it.
///
/// A copy costs nothing and stays as it is while the original goes on.
package struct FamilyIndex: Sendable {
    /// One name: its type, the HELP that was said last, and each owner's samples.
    package struct Entry: Sendable {
        package internal(set) var family: Family
        private(set) var owners: [Int] = []
        private(set) var parts: [RenderedFamily] = []

        init(_ family: Family) {
            self.family = family
        }

        /// Owners that have samples.
        package var count: Int { owners.count }

        /// Series of all owners.
        var seriesCount: Int { parts.reduce(0) { $0 + $1.count } }

        package func part(of owner: Int) -> RenderedFamily? {
            let place = self.place(of: owner)
            return place < owners.count && owners[place] == owner ? parts[place] : nil
        }

        mutating func replace(_ part: RenderedFamily?, of owner: Int) {
            let place = self.place(of: owner)
            let isKnown = place < owners.count && owners[place] == owner
            if let part {
                if isKnown {
                    parts[place] = part
                } else {
                    owners.insert(owner, at: place)
                    parts.insert(part, at: place)
                }
            } else if isKnown {
                owners.remove(at: place)
                parts.remove(at: place)
            }
        }

        /// Where an owner stands or would stand: owners ascend.
        private func place(of owner: Int) -> Int {
            if let last = owners.last, last < owner { return owners.count }
            var first = 0
            var last = owners.count
            while first < last {
                let middle = (first + last) / 2
                if owners[middle] < owner { first = middle + 1 } else { last = middle }
            }
            return first
        }
    }

    private(set) var entries: [UInt64: Entry] = [:]

    package init() {}

    package var isEmpty: Bool { entries.isEmpty }

    package subscript(name: String) -> Entry? { entries[SeriesHash.of(family: name)] }

    /// Puts an owner's samples in place of those that it had under this name.
    package mutating func put(_ part: RenderedFamily, of owner: Int) {
        let identity = part.family.identity
        if var entry = entries.removeValue(forKey: identity) {
            let isAlone = entry.count == (entry.part(of: owner) == nil ? 0 : 1)
            if isAlone || part.family.help != nil { entry.family = part.family }
            entry.replace(part, of: owner)
            entries[identity] = entry
        } else {
            var entry = Entry(part.family)
            entry.replace(part, of: owner)
            entries[identity] = entry
        }
    }

    /// Gives a name that nobody has explained a HELP.
    package mutating func explain(_ name: String, help: String) {
        let identity = SeriesHash.of(family: name)
        guard let family = entries[identity]?.family, family.help == nil else { return }
        entries[identity]?.family = Family(name, kind: family.kind, help: help)
    }

    /// Takes away the samples that an owner has under a name.
    package mutating func remove(_ name: String, of owner: Int) {
        let identity = SeriesHash.of(family: name)
        guard var entry = entries.removeValue(forKey: identity) else { return }
        entry.replace(nil, of: owner)
        if entry.count > 0 { entries[identity] = entry }
    }
}
