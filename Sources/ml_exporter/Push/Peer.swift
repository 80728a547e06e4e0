internal import Glibc
internal import HTTP
internal import Kernel
internal import Observation

/// Who is at the other end of a connection to the push listener: found out once per connection.
final class Peer: Sendable {
    /// Who pushes when the headers do not say.
    let sender: Sender
    let isLocal: Bool

    private init(_ sender: Sender, isLocal: Bool) {
        self.sender = sender
        self.isLocal = isLocal
    }

    private static let remote = Peer(.anonymous, isLocal: false)

    /// The peer of the request's connection.
    static func of(_ request: borrowing Request) -> Peer {
        if let known = request.attachment as? Peer { return known }
        let peer = request.peerProcess.map(Peer.init(process:)) ?? remote
        request.attach(peer)
        return peer
    }

    /// A number that no other process has had since the machine was started: the highest bit tells
    /// it from those of producers with a name.
    private convenience init(process pid: Int32) {
        let ticks = Peer.startTicks(pid)
        let number = 1 << 63 | (ticks & (1 << 41 - 1)) << 22 | UInt64(UInt32(bitPattern: pid))
        self.init(
            Sender(number: number, process: Sender.Process(pid: pid, startTicks: ticks)),
            isLocal: true)
    }

    /// When a process was started; 0 when that is not to be seen.
    private static func startTicks(_ pid: Int32) -> UInt64 {
        var file = KernelFile(path: "/proc/\(pid)/stat", limit: 4096, isOneRecord: true)
        var text = Buffer(capacity: 1024)
        guard (try? file.read(into: &text)) != nil, var fields = PIDStat(text.bytes) else {
            return 0
        }
        return fields.number(22) ?? 0
    }
}
