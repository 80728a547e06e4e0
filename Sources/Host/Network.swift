internal import CLinux
internal import Exposition
internal import Glibc
internal import Kernel
internal import Settings

/// Counters of network devices, from rtnetlink(7) or /proc/net/dev.
struct Network: Collector, ~Copyable {
    static var name: String { "netdev" }

    private var source: NetworkSource
    private var sieve: Sieve
    private let names: NetworkNames
    private let aliases: Root?
    private var table: SeriesTable
    private var addresses: NetworkAddresses?

    init(_ roots: Roots, _ settings: NetworkSettings) {
        source = NetworkSource(roots, netlink: settings.usesNetlink)
        sieve = Sieve(settings.filter)
        names = settings.isDetailed ? .detailed : .legacy
        aliases = settings.showsAliases ? roots.sys : nil
        table = SeriesTable(names.columns)
        addresses = settings.showsAddresses ? NetworkAddresses(settings.filter) : nil
    }

    mutating func collect(_ scrape: inout Scrape, into page: inout Page) throws(KernelError) {
        table.begin()
        sieve.begin()
        let failure: KernelError?
        do throws(KernelError) {
            try source.read(&scrape) { (name, counters, hasUnhandled, scrape) in
                if !sieve.admits(name) { return }
                if !show(name, counters, hasUnhandled) { scrape.skippedLines += 1 }
            }
            failure = nil
        } catch {
            failure = error
        }
        table.end()
        table.write(to: &page)
        if let failure { throw failure }
        try addresses?.collect(into: &page)
    }

    /// False when the device has come twice.
    private mutating func show(
        _ name: Span<UInt8>, _ counters: LinkMessages.Counters, _ hasUnhandled: Bool
    ) -> Bool {
        var row: Int?
        if let aliases {
            let device = name.string
            let alias = (try? aliases.attribute("class/net/\(device)/ifalias")) ?? []
            var key = name.copied
            key.append(0)
            key += alias
            row = table.row(
                key.span,
                labels: { [("device", device), ("ifalias", alias.span.string)] })
        } else {
            row = table.row(name, labels: { [("device", name.string)] })
        }
        guard let row else { return false }
        for (column, fields) in names.fields.enumerated() {
            if !hasUnhandled, fields == [NetworkNames.unhandled] { continue }
            var sum: UInt64 = 0
            for field in fields { sum &+= counters[field] }
            table[row, column] = Double(sum)
        }
        return true
    }
}
