internal import Exposition
internal import Kernel
internal import Settings

/// The network devices of one scrape, each with its counters.
struct NetDevRows: ~Copyable {
    private var filter: CachedFilter
    private let names: NetDevNames
    private let aliases: Root?
    private var table: SeriesTable

    init(_ roots: FilesystemRoots, settings: NetDevSettings) {
        filter = CachedFilter(settings.filter)
        names = settings.isDetailed ? .detailed : .legacy
        aliases = settings.showsAliases ? roots.sys : nil
        table = SeriesTable(names.columns)
    }

    mutating func begin() {
        table.begin()
        filter.begin()
    }

    mutating func end() {
        table.end()
    }

    func write(to page: inout Page) {
        table.write(to: &page)
    }

    /// Shows a device unless its name is filtered. False when the device has come twice.
    mutating func show(
        _ name: Span<UInt8>, counters: LinkMessages.Counters, hasUnhandled: Bool
    ) -> Bool {
        if !filter.matches(name) { return true }
        guard let row = row(name) else { return false }
        var sum: UInt64 = 0
        var last = -1
        for (column, field) in names.terms {
            if !hasUnhandled, field == NetDevNames.unhandled { continue }
            sum = column == last ? sum &+ counters[field] : counters[field]
            table[row, column] = Double(sum)
            last = column
        }
        return true
    }

    private mutating func row(_ name: Span<UInt8>) -> Int? {
        guard let aliases else { return table.row(name, labels: { [("device", name.string)] }) }
        let device = name.string
        let alias = (try? aliases.attribute("class/net/\(device)/ifalias")) ?? []
        var key = name.copied
        key.append(0)
        key += alias
        return table.row(
            key.span,
            labels: { [("device", device), ("ifalias", alias.span.string)] })
    }
}
