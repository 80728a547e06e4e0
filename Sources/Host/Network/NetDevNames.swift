internal import Exposition

/// What the counters of a link are called, and which fields of `struct rtnl_link_stats64`
/// (linux/if_link.h) add up to each.
struct NetDevNames: Sendable {
    /// The field that /proc/net/dev lacks: packets that no protocol took.
    static let unhandled = 23

    let columns: [SeriesTable.Column]
    /// Every field with the column that it is added to, column by column.
    let terms: [(column: Int, field: Int)]

    /// The names of /proc/net/dev, as node_exporter's users know them.
    static let legacy = NetDevNames([
        ("receive_bytes", [2]), ("receive_compressed", [21]),
        ("receive_drop", [6, 15]), ("receive_errs", [4]), ("receive_fifo", [14]),
        ("receive_frame", [13, 10, 11, 12]), ("receive_multicast", [8]),
        ("receive_nohandler", [unhandled]), ("receive_packets", [0]),
        ("transmit_bytes", [3]), ("transmit_carrier", [17, 16, 19, 20]),
        ("transmit_colls", [9]), ("transmit_compressed", [22]), ("transmit_drop", [7]),
        ("transmit_errs", [5]), ("transmit_fifo", [18]), ("transmit_packets", [1]),
    ])

    /// One name per field (`--collector.netdev.enable-detailed-metrics`).
    static let detailed = NetDevNames([
        ("collisions", [9]), ("multicast", [8]), ("receive_bytes", [2]),
        ("receive_compressed", [21]), ("receive_crc_errors", [12]), ("receive_dropped", [6]),
        ("receive_errors", [4]), ("receive_fifo_errors", [14]), ("receive_frame_errors", [13]),
        ("receive_length_errors", [10]), ("receive_missed_errors", [15]),
        ("receive_nohandler", [unhandled]), ("receive_over_errors", [11]),
        ("receive_packets", [0]), ("transmit_aborted_errors", [16]), ("transmit_bytes", [3]),
        ("transmit_carrier_errors", [17]), ("transmit_compressed", [22]),
        ("transmit_dropped", [7]), ("transmit_errors", [5]), ("transmit_fifo_errors", [18]),
        ("transmit_heartbeat_errors", [19]), ("transmit_packets", [1]),
        ("transmit_window_errors", [20]),
    ])

    private init(_ list: [(name: String, fields: [Int])]) {
        columns = list.map { name, _ in
            SeriesTable.Column(
                Family(
                    "node_network_\(name)_total", kind: .counter,
                    help: "Network device statistic \(name)."))
        }
        terms = list.enumerated().flatMap { column, entry in
            entry.fields.map { (column, $0) }
        }
    }
}
