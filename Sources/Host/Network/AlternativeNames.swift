internal import Exposition
internal import Kernel

/// The alternative names of network interfaces (`ip link property add`, Linux 5.5), which sysfs does
/// not have: asked of rtnetlink(7) for `--collector.netclass.netlink`.
struct AlternativeNames: ~Copyable {
    private var socket: NetlinkSocket?
    private var table = SeriesTable([
        .init(
            Family(
                "node_network_altnames_info", kind: .gauge,
                help: "Non-numeric data of <iface> altname, value is always 1."))
    ])

    /// Lists the names. `device` returns the name of the interface with an index, or nil if it is not
    /// shown. Returns the number of messages that could not be used.
    mutating func read(
        _ datagram: inout Buffer, device: (UInt32) -> String?
    ) throws(KernelError) -> Int {
        // A dump that failed leaves messages behind, so the next one begins with another socket.
        var socket = if let socket = socket.take() { socket } else { try NetlinkSocket(.route) }
        var found: [(device: String, name: String)] = []
        let skipped = try socket.dump(.links, into: &datagram) { message in
            guard message.type == LinkMessages.newLink,
                let link = LinkMessages.link(message.payload)
            else { return false }
            if link.properties.isEmpty { return true }
            guard let device = device(link.index) else { return true }
            return LinkMessages.eachAlternativeName(link.properties) { name in
                found.append((device, name.string))
            }
        }
        table.begin()
        for (device, name) in found {
            let key = Array("\(device)\0\(name)".utf8)
            let row = table.row(key.span, labels: { [("device", device), ("altname", name)] })
            if let row { table[row, 0] = 1 }
        }
        table.end()
        self.socket = consume socket
        return skipped
    }

    func write(to page: inout Page) {
        table.write(to: &page)
    }
}
