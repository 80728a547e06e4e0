internal import Exposition
internal import Kernel

/// TCP sockets by state and the bytes in their queues, from sock_diag(7).
struct TCPStat: Collector, ~Copyable {
    static var name: String { "tcpstat" }

    /// By the number of the state (include/net/tcp_states.h); those behind are sums of bytes.
    private static let states = [
        "unknown", "established", "syn_sent", "syn_recv", "fin_wait1", "fin_wait2", "time_wait",
        "close", "close_wait", "last_ack", "listen", "closing", "rx_queued_bytes",
        "tx_queued_bytes",
    ]
    private static let lastState = 11
    private static let received = 12
    private static let sent = 13

    typealias Sums = [14 of UInt64]

    private let root: Root
    private var socket: NetlinkSocket?
    private let family = Family(
        "node_tcp_connection_states", kind: .gauge, help: "Number of connection states.")
    private let series: [Series]

    init(_ roots: FilesystemRoots) {
        root = roots.proc
        let family = self.family
        series = TCPStat.states.map { Series(family, labels: LabelSet([("state", $0)])) }
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        var sums = Sums(repeating: 0)
        // A socket whose dump failed is not kept.
        if socket == nil { socket = try NetlinkSocket(.socketDiagnosis) }
        guard var socket = self.socket.take() else { return }
        scrape.skippedLines += try socket.dump(.connections4, into: &scrape.text) {
            TCPStat.add($0, to: &sums)
        }
        // A kernel without IPv6 refuses to list its sockets.
        if root.exists("net/tcp6") {
            scrape.skippedLines += try socket.dump(.connections6, into: &scrape.text) {
                TCPStat.add($0, to: &sums)
            }
        }
        self.socket = consume socket
        page.begin(family)
        for state in 1..<sums.count { page.sample(series[state], value: Double(sums[state])) }
        // States that later kernels may add.
        if sums[0] > 0 { page.sample(series[0], value: Double(sums[0])) }
    }

    /// Adds a socket (`struct inet_diag_msg`). False if the message is too short.
    static func add(_ message: NetlinkMessages.Message, to sums: inout Sums) -> Bool {
        // SOCK_DIAG_BY_FAMILY
        guard message.type == 20, message.payload.count >= 64 else { return false }
        let state = Int(message.payload[1])
        sums[state <= lastState ? state : 0] &+= 1
        sums[received] &+= message.payload.integer(at: 56, bytes: 4)
        sums[sent] &+= message.payload.integer(at: 60, bytes: 4)
        return true
    }
}
