internal import Glibc
internal import Kernel

/// The labels that identify a backend of IPVS.
enum IPVSLabel: String, CaseIterable, Sendable {
    case localAddress = "local_address"
    case localPort = "local_port"
    case remoteAddress = "remote_address"
    case remotePort = "remote_port"
    case transport = "proto"
    case localMark = "local_mark"
}

/// A virtual server: a transport with an address, or a firewall mark.
struct IPVSService {
    /// A backend of a server by its labels.
    struct Backend {
        fileprivate var values: [IPVSLabel: String] = [:]

        subscript(label: IPVSLabel) -> String { values[label] ?? "" }
    }

    /// As the kernel wrote it.
    private(set) var text: [UInt8] = []
    private var transport = ""
    private var address: (host: String, port: String) = ("", "0")
    private var mark = ""
    private(set) var isUsable = false

    /// No server yet.
    init() {}

    init(_ transport: Span<UInt8>, place: Span<UInt8>) {
        text = transport.copied + [0x20] + place.copied
        self.transport = transport.string
        if transport.equals("FWM") {
            mark = place.string
            isUsable = true
        } else if let address = IPVSService.address(place) {
            self.address = address
            isUsable = true
        }
    }

    /// Nil when `remote` is no address.
    func backend(_ remote: Span<UInt8>) -> Backend? {
        guard let (host, port) = IPVSService.address(remote) else { return nil }
        var backend = Backend()
        backend.values = [
            .localAddress: address.host, .localPort: address.port, .remoteAddress: host,
            .remotePort: port, .transport: transport, .localMark: mark,
        ]
        return backend
    }

    /// `C0A80016:0CEA` or `[2620:0000:...:0001]:0050`: an address in its usual form and a port in
    /// decimal digits.
    static func address(_ text: Span<UInt8>) -> (host: String, port: String)? {
        guard let colon = text.lastOffset(of: 0x3A) else { return nil }
        var digits = Cursor(text.extracting(droppingFirst: colon + 1))
        guard digits.rest.count == 4, let port = digits.hexadecimal(), digits.isAtEnd else {
            return nil
        }
        let host = text.extracting(first: colon)
        guard let address = host.starts(with: "[") ? version6(host) : version4(host) else {
            return nil
        }
        return (address, String(port))
    }

    /// Whether the bytes have the form of `address`, asked for each line of each scrape.
    static func isAddress(_ text: Span<UInt8>) -> Bool {
        let isLong = text.count == 46
        guard isLong || text.count == 13 else { return false }
        for index in 0..<text.count {
            let byte = text[index]
            let isRight =
                switch index {
                case text.count - 5: byte == 0x3A
                case 0 where isLong: byte == 0x5B
                case 40 where isLong: byte == 0x5D
                case 1..<40 where isLong && index % 5 == 0: byte == 0x3A
                default: byte.hexadecimalValue != nil
                }
            if !isRight { return false }
        }
        return true
    }

    private static func version4(_ host: Span<UInt8>) -> String? {
        var digits = Cursor(host)
        guard host.count == 8, let bits = digits.hexadecimal(), digits.isAtEnd else { return nil }
        return "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)"
    }

    private static func version6(_ host: Span<UInt8>) -> String? {
        guard host.count > 2, host[host.count - 1] == 0x5D else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        let long = host.extracting(1..<host.count - 1).string
        guard unsafe inet_pton(AF_INET6, long, &bytes) == 1 else { return nil }
        return NetworkRoute.address(bytes.span)
    }
}
