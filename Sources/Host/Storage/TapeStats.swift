internal import Exposition
internal import Kernel
internal import Settings

/// I/O of tape drives (Documentation/scsi/st.rst, "Sysfs and Statistics for Tape Devices").
struct TapeStats: Collector, ~Copyable {
    static var name: String { "tapestats" }

    private static let shape = DeviceTable.Shape(
        path: "class/scsi_tape", label: "device", folder: "stats",
        numbers: [
            row(
                "in_flight", as: "io_now",
                help:
                    "The number of I/Os currently outstanding to this device."
            ),
            row(
                "io_ns", as: "io_time_seconds_total",
                help:
                    "The amount of time spent waiting for all I/O to complete (including read and write). This includes tape movement commands such as seeking between file or set marks and implicit tape movement such as when rewind on close tape devices are used."
            ),
            row(
                "other_cnt", as: "io_others_total",
                help:
                    "The number of I/Os issued to the tape drive other than read or write commands. The time taken to complete these commands uses the following calculation io_time_seconds_total-read_time_seconds_total-write_time_seconds_total"
            ),
            row(
                "read_byte_cnt", as: "read_bytes_total",
                help:
                    "The number of bytes read from the tape drive."
            ),
            row(
                "read_cnt", as: "reads_completed_total",
                help:
                    "The number of read requests issued to the tape drive."
            ),
            row(
                "read_ns", as: "read_time_seconds_total",
                help:
                    "The amount of time spent waiting for read requests to complete."
            ),
            row(
                "resid_cnt", as: "residual_total",
                help:
                    "The number of times during a read or write we found the residual amount to be non-zero. This should mean that a program is issuing a read larger thean the block size on tape. For write not all data made it to tape."
            ),
            row(
                "write_byte_cnt", as: "written_bytes_total",
                help:
                    "The number of bytes written to the tape drive."
            ),
            row(
                "write_cnt", as: "writes_completed_total",
                help:
                    "The number of write requests issued to the tape drive."
            ),
            row(
                "write_ns", as: "write_time_seconds_total",
                help:
                    "The amount of time spent waiting for write requests to complete."
            ),
        ])

    /// The kernel counts times in nanoseconds.
    private static func row(_ file: String, as name: String, help: String) -> AttributeRow {
        AttributeRow(
            file, family: "node_tape_\(name)", help: help, form: .prefixed,
            scale: file.hasSuffix("_ns") ? .times(0.000_000_001) : .times(1))
    }

    private var devices: DeviceTable

    init(_ machine: CollectorResources, filter: Filter) {
        devices = DeviceTable(machine, shape: TapeStats.shape) { name in
            // `st0` has siblings for its modes: `nst0`, `st0a`.
            name.number(behind: "st") != nil && filter.matches(name.utf8Span.span)
        }
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try devices.collect(&scrape, into: &page)
    }
}
