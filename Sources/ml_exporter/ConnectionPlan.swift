internal import HTTP
internal import Kernel

/// How the descriptors of the process are divided: files of collectors, what the daemon itself needs, and
/// connections of each listener.
struct ConnectionPlan: Equatable {
    /// Connections of the push listener if there are descriptors for them.
    static let pushConnections = 1024
    /// Descriptors of the journal, of event sockets and for files that are open for one read.
    static let ownDescriptors = 48
    /// Descriptors that each server has without a connection.
    static let serverDescriptors = 12

    private let descriptors: Int
    private let wanted: Int

    /// `descriptors` is the limit of the process (RLIMIT_NOFILE). Collectors keep a quarter of them open
    /// at most (`OpenFileBudget`).
    init(descriptors: Int, telemetryServers: Int, hasPushServer: Bool) {
        let servers = telemetryServers + (hasPushServer ? 1 : 0)
        self.descriptors =
            descriptors - descriptors / 4 - ConnectionPlan.ownDescriptors
            - servers * ConnectionPlan.serverDescriptors
        var wanted = telemetryServers * ConnectionPlan.places(Limits())
        if hasPushServer {
            wanted += ConnectionPlan.places(PushListener.limits(ByteBudget(limit: 64 << 20)))
        }
        self.wanted = wanted
    }

    /// The limits with fewer connections where descriptors do not suffice for all listeners.
    func limits(_ limits: Limits) -> Limits {
        if wanted <= descriptors { return limits }
        let share = max(descriptors, 0) * ConnectionPlan.places(limits) / max(wanted, 1)
        var limits = limits
        limits.connectionReserve = min(limits.connectionReserve, max(share / 9, 2))
        limits.connections = min(limits.connections, max(share - limits.connectionReserve, 4))
        return limits
    }

    private static func places(_ limits: Limits) -> Int {
        limits.connections + limits.connectionReserve
    }
}
