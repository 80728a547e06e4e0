package import Exposition

/// A source of families: the host, the daemon itself, models, pushed groups.
///
/// A page is made from an ordered list of owners. Each writes its own families; then the families
/// that owners keep rendered (text files, groups) are merged into the page by name, in one place and
/// in the same order. A list belongs to one scrape thread.
package protocol FamilyOwner: AnyObject {
    /// Writes the owner's families. Returns false to give the page up, if `scrape.isWanted` has
    /// become false.
    func write(to page: inout Page, scrape: PageContext) -> Bool

    /// Rendered families to be merged, or nil. Called after all owners have written.
    func renderedFamilies(for scrape: PageContext) -> FamilySource?
}

extension FamilyOwner {
    package func write(to page: inout Page, scrape: PageContext) -> Bool { true }

    package func renderedFamilies(for scrape: PageContext) -> FamilySource? { nil }
}

/// What one page is made for.
package final class PageContext {
    package let request: ScrapeRequest
    /// Until when collectors may wait, for mounts and for each other, on the monotonic clock.
    package let deadlineNanoseconds: UInt64
    /// Whether it is a page for scrapers whose whole page was late.
    package let isLate: Bool
    private let condition: () -> Bool

    /// `condition` returns whether a scraper still waits for the page on this thread.
    package init(
        _ request: ScrapeRequest, deadlineNanoseconds: UInt64 = .max, isLate: Bool = false,
        while condition: @escaping () -> Bool = { true }
    ) {
        self.request = request
        self.deadlineNanoseconds = deadlineNanoseconds
        self.isLate = isLate
        self.condition = condition
    }

    /// Whether the page is still wanted. It costs a lock, and a system call for pages that take long:
    /// asked between collectors and between owners.
    package var isWanted: Bool { condition() }
}
