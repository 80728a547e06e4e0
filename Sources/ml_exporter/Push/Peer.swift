internal import Glibc
internal import HTTP
internal import Kernel
internal import Observation
internal import Synchronization

/// The other end of a connection to the push listener, looked up once per connection.
final class Peer: Sendable {
    /// The sender of pushes without a `Producer-Id`.
    let sender: Sender
    let isLocal: Bool

    private init(_ sender: Sender, isLocal: Bool) {
        self.sender = sender
        self.isLocal = isLocal
    }

    /// The number of the last TCP connection. It starts at the time in microseconds, so that numbers
    /// are not used again after a restart: fewer than a million connections a second are accepted.
    private static let lastConnection = Atomic<UInt64>(Clock.realNanoseconds / 1000)

    /// The peer of the request's connection.
    static func of(_ request: borrowing Request) -> Peer {
        if let known = request.attachment as? Peer { return known }
        let peer = request.peerProcess.map(Peer.init(process:)) ?? Peer()
        request.attach(peer)
        return peer
    }

    /// A TCP connection: the process at its other end is not known, so that each connection is a
    /// sender of its own.
    private convenience init() {
        let connection = Peer.lastConnection.wrappingAdd(1, ordering: .relaxed).newValue
        self.init(Sender(connection: connection), isLocal: false)
    }

    /// A process at the other end of the Unix socket.
    private convenience init(process pid: Int32) {
        self.init(
            Sender(Sender.Process(pid: pid, startTicks: Peer.startTicks(pid))), isLocal: true)
    }

    /// The start time of a process in clock ticks since boot; 0 if it cannot be read.
    private static func startTicks(_ pid: Int32) -> UInt64 {
        var file = KernelFile(path: "/proc/\(pid)/stat", limit: 4096, isOneRecord: true)
        var text = Buffer(capacity: 1024)
        guard (try? file.read(into: &text)) != nil, var fields = PIDStat(text.bytes) else {
            return 0
        }
        return fields.number(22) ?? 0
    }
}
