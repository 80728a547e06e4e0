internal import Exposition
internal import Kernel

/// What the NFS server of the kernel has done, from /proc/net/rpc/nfsd (fs/nfsd/stats.c).
struct NFSD: FileCollector, ~Copyable {
    static var name: String { "nfsd" }

    /// The operations of NFS 4 by number; those without a name are not shown.
    private static let operations =
        [
            "", "", "", "Access", "Close", "Commit", "Create", "DelegPurge", "DelegReturn",
            "GetAttr", "GetFH", "Link", "Lock", "Lockt", "Locku", "Lookup", "LookupRoot",
            "Nverify", "Open", "OpenAttr", "OpenConfirm", "OpenDgrd", "PutFH", "", "", "Read",
            "ReadDir", "ReadLink", "Remove", "Rename", "Renew", "RestoreFH", "SaveFH", "SecInfo",
            "SetAttr", "SetClientID", "SetClientIDConfirm", "Verify", "Write", "RelLockOwner",
        ]

    private static let singles: [(name: String, line: String, column: Int, help: String)] = [
        (
            "reply_cache_hits_total", "rc", 0,
            "Total number of NFSd Reply Cache hits (client lost server response)."
        ),
        (
            "reply_cache_misses_total", "rc", 1,
            "Total number of NFSd Reply Cache an operation that requires caching (idempotent)."
        ),
        (
            "reply_cache_nocache_total", "rc", 2,
            "Total number of NFSd Reply Cache non-idempotent operations (rename/delete/…)."
        ),
        ("file_handles_stale_total", "fh", 0, "Total number of NFSd stale file handles"),
        ("disk_bytes_read_total", "io", 0, "Total NFSd bytes read."),
        ("disk_bytes_written_total", "io", 1, "Total NFSd bytes written."),
        ("server_threads", "th", 0, "Total number of NFSd kernel threads that are running."),
        ("read_ahead_cache_size_blocks", "ra", 0, "How large the read ahead cache is in blocks."),
        (
            "read_ahead_cache_not_found_total", "ra", 11,
            "Total number of NFSd read ahead cache not found."
        ),
        ("connections_total", "net", 3, "Total number of NFSd TCP connections."),
        ("server_rpcs_total", "rpc", 0, "Total number of NFSd RPCs."),
    ]

    static var fileRole: FileRole { .subject }

    var file: KernelFile
    private var table: RPCTable

    init(_ roots: FilesystemRoots) {
        file = roots.proc.file("net/rpc/nfsd", limit: 64 << 10)
        table = NFSD.makeTable()
    }

    static func makeTable() -> RPCTable {
        var table = RPCTable([
            .init(name: "rc", fewest: 3), .init(name: "fh", fewest: 5),
            .init(name: "io", fewest: 2),
            // A histogram in seconds follows the two numbers.
            .init(name: "th", fewest: 2, hasOtherEnd: true), .init(name: "ra", fewest: 12),
            .init(name: "net", fewest: 4), .init(name: "rpc", fewest: 5),
            .init(name: "proc2", fewest: 18, isCounted: true),
            .init(name: "proc3", fewest: 22, isCounted: true),
            .init(name: "proc4ops", fewest: 39, isCounted: true),
            .init(name: "wdeleg_getattr", fewest: 1),
        ])
        for (name, line, column, help) in singles {
            table.add(
                Family(
                    "node_nfsd_\(name)", kind: name.hasSuffix("_total") ? .counter : .gauge,
                    help: help),
                cells: [(line, column, [])])
        }
        table.add(
            Family(
                "node_nfsd_packets_total", kind: .counter,
                help: "Total NFSd network packets (sent+received) by protocol type."),
            cells: [("net", 1, [("proto", "udp")]), ("net", 2, [("proto", "tcp")])])
        table.add(
            Family(
                "node_nfsd_rpc_errors_total", kind: .counter,
                help: "Total number of NFSd RPC errors by error type."),
            cells: ["fmt", "auth", "cInt"].enumerated().map {
                ("rpc", $0.offset + 2, [("error", $0.element)])
            })
        // What does nothing is not shown here, unlike the client's.
        let (version2, version3) = (NFS.version2, NFS.version3)
        table.add(
            Family(
                "node_nfsd_requests_total", kind: .counter,
                help: "Total number NFSd Requests by method and protocol."),
            cells: NFS.requests("proc2", protocolVersion: "2", methods: [""] + version2.dropFirst())
                + NFS.requests("proc3", protocolVersion: "3", methods: [""] + version3.dropFirst())
                + NFS.requests("proc4ops", protocolVersion: "4", methods: operations)
                + [("wdeleg_getattr", 0, [("method", "WdelegGetattr"), ("proto", "4")])])
        return table
    }

    mutating func parse(_ text: Span<UInt8>) -> Int? { table.parse(text) }

    func write(to page: inout Page) {
        table.write(to: &page)
    }
}
