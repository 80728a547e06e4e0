internal import Kernel

/// What rtnetlink(7) has announced about links since it was last asked, so that links that have not
/// changed are not looked at: a look takes the kernel's lock of all network configuration.
struct LinkEvents: ~Copyable {
    enum News: Equatable {
        /// Only what `changed` was called with.
        case known
        /// Links have gone, too.
        case gone
        /// Announcements were lost or not understood.
        case lost
    }

    private let socket: NetlinkSocket

    init() throws(KernelError) {
        socket = try NetlinkSocket(.linkEvents)
    }

    /// Calls `changed` for each announced change of a link, which may be a new one.
    func read(_ datagram: inout Buffer, changed: (Span<UInt8>) -> Void) -> News {
        var lifecycle = News.known
        while true {
            do throws(KernelError) {
                guard try socket.receive(into: &datagram) else { return lifecycle }
            } catch {
                return .lost
            }
            switch LinkEvents.parse(datagram.bytes, changed: changed) {
            case .known: break
            case .gone: if lifecycle == .known { lifecycle = .gone }
            case .lost: lifecycle = .lost
            }
        }
    }

    static func parse(_ datagram: Span<UInt8>, changed: (Span<UInt8>) -> Void) -> News {
        var messages = NetlinkMessages(datagram)
        var lifecycle = News.known
        while true {
            switch messages.next() {
            case .message(let message):
                if message.type == LinkMessages.removedLink {
                    if lifecycle == .known { lifecycle = .gone }
                } else if message.type == LinkMessages.newLink,
                    let link = LinkMessages.link(message.payload)
                {
                    changed(link.name)
                } else {
                    lifecycle = .lost
                }
            case .datagramEnd: return lifecycle
            default: lifecycle = .lost
            }
        }
    }
}
