internal import Exposition
internal import Glibc
internal import Kernel
internal import Settings

/// The addresses of network devices (`--collector.netdev.address-info`), from getifaddrs(3).
struct NetDevAddresses: ~Copyable {
    private var filter: CachedFilter
    private var table = SeriesTable([
        .init(
            Family(
                "node_network_address_info", kind: .gauge, help: "node network address by device"))
    ])

    init(_ filter: Filter) {
        self.filter = CachedFilter(filter)
    }

    mutating func collect(into page: inout Page) throws(KernelError) {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard unsafe getifaddrs(&list) == 0 else { throw .last("getifaddrs") }
        defer { unsafe freeifaddrs(list) }
        table.begin()
        filter.begin()
        var entry = unsafe list
        while let current = unsafe entry {
            let name = unsafe String(cString: current.pointee.ifa_name)
            if let (address, length, scope) = unsafe NetDevAddresses.describe(current.pointee),
                filter.matches(name.utf8Span.span)
            {
                let key = Array("\(name)\0\(address)\0\(length)".utf8)
                let row = table.row(
                    key.span,
                    labels: {
                        [
                            ("device", name), ("address", address), ("netmask", length),
                            ("scope", scope),
                        ]
                    })
                if let row { table[row, 0] = 1 }
            }
            unsafe entry = current.pointee.ifa_next
        }
        table.end()
        table.write(to: &page)
    }

    /// The address as text, the length of its network mask in bits, and its scope.
    private static func describe(_ entry: ifaddrs) -> (String, String, String)? {
        guard let address = unsafe entry.ifa_addr else { return nil }
        let family = unsafe Int32(address.pointee.sa_family)
        let offset = family == AF_INET ? 4 : 8
        let length = family == AF_INET ? 4 : 16
        guard family == AF_INET || family == AF_INET6 else { return nil }
        let bytes = (0..<length).map {
            unsafe UnsafeRawPointer(address).load(fromByteOffset: offset + $0, as: UInt8.self)
        }
        var bits = 0
        if let mask = unsafe entry.ifa_netmask {
            for index in 0..<length {
                let byte = unsafe UnsafeRawPointer(mask).load(
                    fromByteOffset: offset + index, as: UInt8.self)
                bits += byte.nonzeroBitCount
            }
        }
        let shown = NetworkRoute.address(bytes.span)
        if shown.isEmpty { return nil }
        return (shown, String(bits), scope(bytes))
    }

    /// The scopes of Go's net.IP.
    private static func scope(_ bytes: [UInt8]) -> String {
        if bytes.count == 4 {
            if bytes[0] == 127 || (bytes[0] == 169 && bytes[1] == 254) { return "link-local" }
            return bytes.allSatisfy { $0 == 0 } || bytes[0] >= 224 ? "" : "global"
        }
        let isLoopback = bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
        if isLoopback || (bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80) { return "link-local" }
        if bytes[0] == 0xFF { return bytes[1] & 0x0F == 1 ? "interface-local" : "" }
        return bytes.allSatisfy { $0 == 0 } ? "" : "global"
    }
}
