internal import Exposition
internal import Kernel

/// Calls that the NFS client has made, from /proc/net/rpc/nfs (fs/nfs/nfs4_fs.h and the procedure
/// tables of the kernel name the columns).
struct NFS: FileCollector, ~Copyable {
    static var name: String { "nfs" }

    static let version2 = [
        "Null", "GetAttr", "SetAttr", "Root", "Lookup", "ReadLink", "Read", "WrCache", "Write",
        "Create", "Remove", "Rename", "Link", "SymLink", "MkDir", "RmDir", "ReadDir", "FsStat",
    ]

    static let version3 = [
        "Null", "GetAttr", "SetAttr", "Lookup", "Access", "ReadLink", "Read", "Write", "Create",
        "MkDir", "SymLink", "MkNod", "Remove", "RmDir", "Rename", "Link", "ReadDir", "ReadDirPlus",
        "FsStat", "FsInfo", "PathConf", "Commit",
    ]

    private static let version4 = [
        "Null", "Read", "Write", "Commit", "Open", "OpenConfirm", "OpenNoattr", "OpenDowngrade",
        "Close", "Setattr", "FsInfo", "Renew", "SetClientID", "SetClientIDConfirm", "Lock",
        "Lockt", "Locku", "Access", "Getattr", "Lookup", "LookupRoot", "Remove", "Rename", "Link",
        "Symlink", "Create", "Pathconf", "StatFs", "ReadLink", "ReadDir", "ServerCaps",
        "DelegReturn", "GetACL", "SetACL", "FsLocations", "ReleaseLockowner", "Secinfo",
        "FsidPresent", "ExchangeID", "CreateSession", "DestroySession", "Sequence",
        "GetLeaseTime", "ReclaimComplete", "GetDeviceInfo", "LayoutGet", "LayoutCommit",
        "LayoutReturn", "SecinfoNoName", "TestStateID", "FreeStateID", "GetDeviceList",
        "BindConnToSession", "DestroyClientID", "Seek", "Allocate", "DeAllocate", "LayoutStats",
        "Clone",
    ]

    static var fileRole: FileRole { .subject }

    var file: KernelFile
    private var table: RPCTable

    init(_ roots: FilesystemRoots) {
        file = roots.proc.file("net/rpc/nfs", limit: 64 << 10)
        table = NFS.makeTable()
    }

    static func makeTable() -> RPCTable {
        var table = RPCTable([
            .init(name: "net", fewest: 4), .init(name: "rpc", fewest: 3),
            .init(name: "proc2", fewest: 18, isCounted: true),
            .init(name: "proc3", fewest: 22, isCounted: true),
            .init(name: "proc4", fewest: 0, isCounted: true),
        ])
        table.add(
            Family(
                "node_nfs_packets_total", kind: .counter,
                help: "Total NFSd network packets (sent+received) by protocol type."),
            cells: [("net", 1, [("protocol", "udp")]), ("net", 2, [("protocol", "tcp")])])
        for (name, line, column, help) in [
            ("connections", "net", 3, "Total number of NFSd TCP connections."),
            ("rpcs", "rpc", 0, "Total number of RPCs performed."),
            ("rpc_retransmissions", "rpc", 1, "Number of RPC transmissions performed."),
            (
                "rpc_authentication_refreshes", "rpc", 2,
                "Number of RPC authentication refreshes performed."
            ),
        ] {
            table.add(
                Family("node_nfs_\(name)_total", kind: .counter, help: help),
                cells: [(line, column, [])])
        }
        table.add(
            Family(
                "node_nfs_requests_total", kind: .counter, help: "Number of NFS procedures invoked."
            ),
            cells: requests("proc2", protocolVersion: "2", methods: version2)
                + requests("proc3", protocolVersion: "3", methods: version3)
                + requests("proc4", protocolVersion: "4", methods: version4))
        return table
    }

    /// The columns of a line of procedures; one without a name is not shown.
    static func requests(
        _ line: String, protocolVersion: String, methods: [String]
    ) -> [(line: String, column: Int, labels: [(name: String, value: String)])] {
        methods.enumerated().filter { !$0.element.isEmpty }.map {
            (line, $0.offset, [("method", $0.element), ("proto", protocolVersion)])
        }
    }

    mutating func parse(_ text: Span<UInt8>) -> Int? { table.parse(text) }

    func write(to page: inout Page) {
        table.write(to: &page)
    }
}
