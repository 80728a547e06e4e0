internal import Exposition
internal import Kernel
internal import Settings

/// Counters of network devices, from rtnetlink(7) or /proc/net/dev.
struct Network: Collector, ~Copyable {
    static var name: String { "netdev" }

    private var source: NetworkSource
    private var rows: NetworkRows
    private var addresses: NetworkAddresses?

    init(_ roots: Roots, _ settings: DeviceSettings) {
        source = NetworkSource(roots, netlink: settings.usesNetlink)
        rows = NetworkRows(roots, settings)
        addresses = settings.showsAddresses ? NetworkAddresses(settings.filter) : nil
    }

    mutating func collect(_ scrape: inout Scrape, into page: inout Page) throws(KernelError) {
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
