internal import Glibc
internal import HTTPServer
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

    /// Field 22 of proc_pid_stat(5), counted behind the name in brackets; 0 when it is not to be
    /// seen.
    private static func startTicks(_ pid: Int32) -> UInt64 {
        var file = KernelFile(path: "/proc/\(pid)/stat", limit: 4096, isOneRecord: true)
        var text = Buffer(capacity: 1024)
        guard (try? file.read(into: &text)) != nil, let end = text.bytes.lastOffset(of: 0x29)
        else { return 0 }
        var fields = Cursor(text.bytes.extracting(droppingFirst: end + 1))
        for _ in 3..<22 { _ = fields.word() }
        return fields.field() ?? 0
    }
}
