internal import Exposition
internal import Kernel
internal import Settings

/// Counters of network devices, from rtnetlink(7) or /proc/net/dev.
struct NetDev: Collector, ~Copyable {
    static var name: String { "netdev" }

    private var source: NetDevSource
    private var rows: NetDevRows
    private var addresses: NetDevAddresses?

    init(_ roots: FilesystemRoots, settings: NetDevSettings) {
        source = NetDevSource(roots, netlink: settings.usesNetlink)
        rows = NetDevRows(roots, settings: settings)
        addresses = settings.showsAddresses ? NetDevAddresses(settings.filter) : nil
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        rows.begin()
        let failure: KernelError?
        do throws(KernelError) {
            try source.read(&scrape, into: &rows)
            failure = nil
        } catch {
            failure = error
        }
        rows.end()
        rows.write(to: &page)
        if let failure { throw failure }
        if addresses != nil { try addresses?.collect(into: &page) }
    }
}
