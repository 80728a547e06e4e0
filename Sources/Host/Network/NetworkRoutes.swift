internal import Exposition
internal import Kernel
internal import Settings

/// The unicast routes of all tables, from rtnetlink(7), and how many use each device.
struct NetworkRoutes: Collector, ~Copyable {
    static var name: String { "network_route" }

    private static let newRoute: UInt16 = 24

    private var socket: NetlinkSocket?
    private let filter: Filter
    private var info = SeriesTable([
        .init(
            Family(
                "node_network_route_info", kind: .gauge, help: "network routing table information"))
    ])
    private var totals = SeriesTable([
        .init(Family("node_network_routes", kind: .gauge, help: "network routes by interface"))
    ])

    init(_ filter: Filter) {
        self.filter = filter
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        // A socket whose dump failed is not kept.
        if socket == nil { socket = try NetlinkSocket(.route) }
        guard var socket = self.socket.take() else { return }
        var routes: [NetworkRoute] = []
        scrape.skippedLines += try socket.dump(.routes, into: &scrape.text) { message in
            guard message.type == NetworkRoutes.newRoute else { return false }
            if let route = NetworkRoute(message.payload) { routes.append(route) }
            return true
        }
        var devices: [UInt32: String] = [:]
        for link in Set(routes.flatMap(\.hops).map(\.link)) {
            var name: [UInt8] = []
            _ = socket.appendName(ofLink: link, to: &name)
            devices[link] = name.span.string
        }
        self.socket = consume socket
        write(routes, devices: devices, to: &page)
    }

    mutating func write(_ routes: [NetworkRoute], devices: [UInt32: String], to page: inout Page) {
        var counts: [String: Int] = [:]
        info.begin()
        for route in routes {
            for hop in route.hops {
                let device = devices[hop.link] ?? ""
                if !filter.matches(device.utf8Span.span) { continue }
                counts[device, default: 0] += 1
                let labels: [(name: String, value: String)] = [
                    ("device", device), ("src", route.source),
                    ("dest", route.destination), ("gw", hop.gateway),
                    ("priority", String(route.priority)), ("proto", route.origin),
                    ("weight", hop.weight),
                ]
                let key = Array(labels.map(\.value).joined(separator: "\0").utf8)
                if let row = info.row(key.span, labels: { labels }) { info[row, 0] = 1 }
            }
        }
        info.end()
        totals.begin()
        for (device, count) in counts.sorted(by: { $0.key < $1.key }) {
            let row = totals.row(device.utf8Span.span, labels: { [("device", device)] })
            if let row { totals[row, 0] = Double(count) }
        }
        totals.end()
        info.write(to: &page)
        totals.write(to: &page)
    }
}
