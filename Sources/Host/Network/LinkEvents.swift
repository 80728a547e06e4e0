internal import Kernel

/// The changes of links that rtnetlink(7) has announced since the last read, so that unchanged links
/// are not queried: a query takes the kernel's lock of all network configuration (RTNL).
struct LinkEvents: ~Copyable {
    enum Changes: Equatable {
        /// Only the links that `changed` was called with.
        case known
        /// Links were removed as well.
        case removed
        /// Announcements were lost or not understood.
        case lost
    }

    private let socket: NetlinkSocket

    init() throws(KernelError) {
        socket = try NetlinkSocket(.linkEvents)
    }

    /// Calls `changed` for each announced change of a link, which may be a new one.
    func read(_ datagram: inout Buffer, changed: (Span<UInt8>) -> Void) -> Changes {
        var lifecycle = Changes.known
        while true {
            do throws(KernelError) {
                guard try socket.receive(into: &datagram) else { return lifecycle }
            } catch {
                return .lost
            }
            switch LinkEvents.parse(datagram.bytes, changed: changed) {
            case .known: break
            case .removed: if lifecycle == .known { lifecycle = .removed }
            case .lost: lifecycle = .lost
            }
        }
    }

    static func parse(_ datagram: Span<UInt8>, changed: (Span<UInt8>) -> Void) -> Changes {
        var messages = NetlinkMessages(datagram)
        var lifecycle = Changes.known
        while true {
            switch messages.next() {
            case .message(let message):
                if message.type == LinkMessages.removedLink {
                    if lifecycle == .known { lifecycle = .removed }
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
