internal import Exposition
internal import Kernel
internal import Settings

/// Bonded interfaces: how many slaves each has and how many of them are up
/// (Documentation/networking/bonding.rst), from /sys/class/net.
struct Bonding: Collector, ~Copyable {
    static var name: String { "bonding" }

    private static let directory = "class/net"

    private final class Slave {
        var status: KernelFile
        /// The name of the link to the slave in older kernels.
        var oldStatus: KernelFile

        init(_ root: Root, master: String, name: String) {
            let folder = "\(Bonding.directory)/\(master)"
            let file = "bonding_slave/mii_status"
            status = root.file("\(folder)/lower_\(name)/\(file)", isOneRecord: true)
            oldStatus = root.file("\(folder)/slave_\(name)/\(file)", isOneRecord: true)
        }
    }

    private final class Master {
        let name: [UInt8]
        let label: String
        var file: KernelFile
        var listing: [UInt8] = []
        var slaves: [Slave] = []

        init(_ root: Root, name: [UInt8]) {
            self.name = name
            label = name.span.string
            file = root.file("\(Bonding.directory)/\(label)/bonding/slaves", isOneRecord: true)
        }
    }

    private let root: Root
    private let filter: Filter
    private var file: KernelFile
    private var listing: [UInt8] = []
    private var masters: [Master] = []
    private var table = SeriesTable([
        .init(
            Family(
                "node_bonding_active", kind: .gauge,
                help: "Number of active slaves per bonding interface.")),
        .init(
            Family(
                "node_bonding_slaves", kind: .gauge,
                help: "Number of configured slaves per bonding interface.")),
    ])

    init(_ roots: FilesystemRoots, filter: Filter) {
        root = roots.sys
        self.filter = filter
        file = root.file("\(Bonding.directory)/bonding_masters", isOneRecord: true)
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try scrape.read(subject: &file)
        if !scrape.text.bytes.equals(listing) {
            listing = scrape.text.bytes.copied
            masters = Bonding.names(listing.span).filter { filter.matches($0.span) }
                .map { Master(root, name: $0) }
        }
        table.begin()
        var failure: KernelError?
        for master in masters {
            do throws(KernelError) {
                let (slaves, active) = try count(master, scrape: &scrape)
                let name = master.name
                if let row = table.row(name.span, labels: { [("master", name.span.string)] }) {
                    table[row, 0] = Double(active)
                    table[row, 1] = Double(slaves)
                }
            } catch {
                // One that has just gone is listed no more the next time.
                if error.isAbsence {
                    scrape.skippedLines += 1
                } else {
                    failure = error
                }
            }
        }
        table.end()
        table.write(to: &page)
        if let failure { throw failure }
    }

    private func count(
        _ master: Master, scrape: inout CollectionContext
    ) throws(KernelError) -> (slaves: Int, active: Int) {
        try scrape.read(&master.file)
        if !scrape.text.bytes.equals(master.listing) {
            let listing = scrape.text.bytes.copied
            let name = master.label
            master.listing = listing
            master.slaves = Bonding.names(listing.span).map {
                Slave(root, master: name, name: $0.span.string)
            }
        }
        var active = 0
        for slave in master.slaves {
            do throws(KernelError) {
                try Bonding.read(slave, scrape: &scrape)
                if scrape.text.bytes.trimmed.equals("up") { active += 1 }
            } catch {
                // One of which nothing is known is not active.
                scrape.skippedLines += 1
            }
        }
        return (master.slaves.count, active)
    }

    private static func read(_ slave: Slave, scrape: inout CollectionContext) throws(KernelError) {
        do throws(KernelError) {
            try scrape.read(&slave.status)
        } catch {
            guard error.isAbsence else { throw error }
            try scrape.read(&slave.oldStatus)
        }
    }

    /// The words of one line.
    static func names(_ text: Span<UInt8>) -> [[UInt8]] {
        var names: [[UInt8]] = []
        var words = Cursor(text.trimmed)
        while let name = words.word(), names.count < 4096 { names.append(name.copied) }
        return names
    }
}
