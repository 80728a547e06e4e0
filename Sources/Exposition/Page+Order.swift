internal import Kernel

/// The order of the families on a page.
///
/// Owners write their families as they read them. A page is sorted by family name afterwards, as the
/// client libraries do, so that two pages can be compared line by line
/// (https://prometheus.io/docs/instrumenting/writing_clientlibs/).
extension Page {
    /// The positions of the families in the order of their names, for pages that begin the same
    /// families in the same order.
    struct FamilyOrder: Sendable {
        /// `Page.familySequence` of these pages.
        var sequence: UInt64 = 0
        var places: [Int] = []
        /// Whether they are sorted as they are written.
        var isSorted = true
    }

    /// Sorts the families by name, bytes by bytes. Called once, after everything is written and before
    /// `finish`.
    package mutating func sortFamilies() {
        if order.sequence != familySequence || order.places.count != sections.count {
            let sections = sections
            let places = sections.indices.sorted { sections[$0].name < sections[$1].name }
            order = FamilyOrder(
                sequence: familySequence, places: places,
                isSorted: places.elementsEqual(sections.indices))
        }
        if order.isSorted { return }
        var sorted = Buffer(capacity: max(body.count, 1))
        var moved: [Section] = []
        moved.reserveCapacity(sections.count)
        for place in order.places {
            var section = sections[place]
            let end = place + 1 < sections.count ? sections[place + 1].start : body.count
            let bytes = section.start..<end
            section.start = sorted.count
            sorted.append(body.bytes.extracting(bytes))
            moved.append(section)
        }
        body = sorted
        sections = moved
    }
}
