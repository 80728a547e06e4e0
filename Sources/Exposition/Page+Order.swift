internal import Kernel

/// The order of the families on a page.
///
/// Owners write their families as they read them. A page is sorted by family name afterwards, as the
/// client libraries do, so that two pages can be compared line by line
/// (https://prometheus.io/docs/instrumenting/writing_clientlibs/).
extension Page {
    /// A larger spare buffer is not kept for the next page: large pages are rare, and copying them
    /// takes longer than allocating.
    private static let keptSpareBytes = 1 << 20
    /// The memory of a family that is not smaller is returned as soon as it is copied: a large page is
    /// then not in memory twice.
    private static let discardedBytes = 256 << 10

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
        var sorted = Buffer(capacity: 1)
        swap(&sorted, &spareBody)
        sorted.removeAll()
        sorted.reserve(body.count)
        spareSections.removeAll(keepingCapacity: true)
        for place in order.places {
            var section = sections[place]
            let end = place + 1 < sections.count ? sections[place + 1].start : body.count
            let bytes = section.start..<end
            section.start = sorted.count
            sorted.append(body.bytes.extracting(bytes))
            spareSections.append(section)
            if bytes.count >= Page.discardedBytes { body.discard(bytes) }
        }
        swap(&body, &sorted)
        swap(&sections, &spareSections)
        if sorted.capacity <= Page.keptSpareBytes { swap(&spareBody, &sorted) }
    }
}
