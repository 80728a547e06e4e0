internal import Exposition
internal import Kernel
internal import Settings

/// I/O of tape drives (Documentation/scsi/st.rst, "Sysfs and Statistics for Tape Devices").
struct TapeStats: Collector, ~Copyable {
    static var name: String { "tapestats" }

    private static let files: [(file: String, name: String, help: String)] = [
        ("in_flight", "io_now", "The number of I/Os currently outstanding to this device."),
        (
            "io_ns", "io_time_seconds_total",
            "The amount of time spent waiting for all I/O to complete (including read and write). This includes tape movement commands such as seeking between file or set marks and implicit tape movement such as when rewind on close tape devices are used."
        ),
        (
            "other_cnt", "io_others_total",
            "The number of I/Os issued to the tape drive other than read or write commands. The time taken to complete these commands uses the following calculation io_time_seconds_total-read_time_seconds_total-write_time_seconds_total"
        ),
        ("read_byte_cnt", "read_bytes_total", "The number of bytes read from the tape drive."),
        (
            "read_cnt", "reads_completed_total",
            "The number of read requests issued to the tape drive."
        ),
        (
            "read_ns", "read_time_seconds_total",
            "The amount of time spent waiting for read requests to complete."
        ),
        (
            "resid_cnt", "residual_total",
            "The number of times during a read or write we found the residual amount to be non-zero. This should mean that a program is issuing a read larger thean the block size on tape. For write not all data made it to tape."
        ),
        (
            "write_byte_cnt", "written_bytes_total",
            "The number of bytes written to the tape drive."
        ),
        (
            "write_cnt", "writes_completed_total",
            "The number of write requests issued to the tape drive."
        ),
        (
            "write_ns", "write_time_seconds_total",
            "The amount of time spent waiting for write requests to complete."
        ),
    ]

    private var directory: DeviceDirectory
    private let filter: Filter
    private var readings = AttributeFamilies()

    init(_ machine: CollectorResources, filter: Filter) {
        directory = DeviceDirectory(machine, path: "class/scsi_tape")
        self.filter = filter
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        if let names = try directory.look(&scrape) { find(names) }
        if readings.write(&scrape, to: &page) { directory.lookSoon() }
    }

    private mutating func find(_ names: [String]) {
        readings.begin()
        // `st0` has siblings for its modes: `nst0`, `st0a`.
        for name in names where name.number(behind: "st") != nil {
            guard filter.matches(name.utf8Span.span) else { continue }
            for (file, metric, help) in TapeStats.files {
                let full = "node_tape_" + metric
                readings.add(
                    directory.root, file: "\(directory.path)/\(name)/stats/\(file)", to: full,
                    labels: [("device", name)], form: .prefixed,
                    scale: file.hasSuffix("_ns") ? .times(0.000_000_001) : .times(1),
                    family: {
                        Family(full, kind: full.hasSuffix("_total") ? .counter : .gauge, help: help)
                    })
            }
        }
        readings.end()
    }
}
