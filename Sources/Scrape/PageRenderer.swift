package import Exposition
package import HTTP
package import Kernel

/// Makes pages from an ordered list of family owners. It belongs to one scrape thread.
package struct PageRenderer: ~Copyable {
    private let owners: [any FamilyOwner]
    private let pages: BufferPool
    private let reserve: ([UInt64: Family.Kind]) -> Void
    /// Sets of families that have been reserved, by `Page.familySignature`.
    private var reserved: Set<UInt64> = []
    private(set) var page: Page
    private var gzip = GzipEncoder()

    /// Rare families come and go, and `collect[]` selects any part of them, so that there are several
    /// sets. Their number is bounded: with many, the sets are reserved again now and then.
    private static let reservedSetLimit = 64

    /// Of a name that several owners have, the HELP and TYPE of the first of `owners` count. `reserve` gets the families that owners write, by the hash of the
    /// name, whenever there are new ones: pushes must not use these names with another type. Responses
    /// take their memory from `pages`.
    package init(
        _ owners: [any FamilyOwner], pages: BufferPool,
        reserve: @escaping ([UInt64: Family.Kind]) -> Void = { _ in }
    ) {
        self.owners = owners
        self.pages = pages
        self.reserve = reserve
        page = Page(format: .text, body: Buffer(capacity: 64 << 10))
    }

    /// Makes the page and returns it as a response, or nil as soon as it is not wanted any more.
    package mutating func response(for scrape: PageContext) -> Response? {
        guard render(scrape) else { return nil }
        var headers = [("Content-Type", page.format.contentType)]
        var body = pages.take()
        if scrape.request.isCompressed {
            headers.append(("Content-Encoding", "gzip"))
            gzip.encode(page.bytes, into: &body)
        } else {
            // The response takes the page's buffer, so that a large page is in memory only once.
            body = page.takeBody(leaving: body)
        }
        headers.append(("Vary", "Accept, Accept-Encoding"))
        return Response(status: 200, headers: headers, body: body, returningTo: pages)
    }

    /// Writes the page. Returns false if it was given up.
    mutating func render(_ scrape: PageContext) -> Bool {
        page.restart(format: scrape.request.format)
        page.reserveAsBefore()
        for owner in owners {
            guard owner.write(to: &page, scrape: scrape) else { return false }
        }
        if !reserved.contains(page.familySignature) {
            if reserved.count >= PageRenderer.reservedSetLimit { reserved.removeAll() }
            reserved.insert(page.familySignature)
            reserve(page.familyKinds)
        }
        var sources: [FamilySource] = []
        for owner in owners {
            if let source = owner.renderedFamilies(for: scrape) { sources.append(source) }
        }
        page.merge(sources)
        page.sortFamilies()
        page.finish()
        return true
    }
}
