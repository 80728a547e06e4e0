internal import Exposition
internal import Kernel

/// Ports of Fibre Channel adapters (/sys/class/fc_host, drivers/scsi/scsi_transport_fc.c).
struct FibreChannel: Collector, ~Copyable {
    static var name: String { "fibrechannel" }

    private static let counters: [(file: String, name: String, help: String)] = [
        ("dumped_frames", "dumped_frames", "Number of dumped frames"),
        ("error_frames", "error_frames", "Number of errors in frames"),
        ("invalid_crc_count", "invalid_crc", "Invalid Cyclic Redundancy Check count"),
        ("rx_frames", "rx_frames", "Number of frames received"),
        ("rx_words", "rx_words", "Number of words received by host port"),
        ("tx_frames", "tx_frames", "Number of frames transmitted by host port"),
        ("tx_words", "tx_words", "Number of words transmitted by host port"),
        (
            "seconds_since_last_reset", "seconds_since_last_reset",
            "Number of seconds since last host port reset"
        ),
        (
            "invalid_tx_word_count", "invalid_tx_words",
            "Number of invalid words transmitted by host port"
        ),
        ("link_failure_count", "link_failure", "Number of times the host port link has failed"),
        (
            "loss_of_sync_count", "loss_of_sync",
            "Number of failures on either bit or transmission word boundaries"
        ),
        ("loss_of_signal_count", "loss_of_signal", "Number of times signal has been lost"),
        (
            "nos_count", "nos",
            "Number Not_Operational Primitive Sequence received by host port"
        ),
        ("fcp_packet_aborts", "fcp_packet_aborts", "Number of aborted packets"),
    ]

    /// Texts that are labels; the numbers of ports are shown without 0x.
    private static let texts: [(file: String, isNumber: Bool)] = [
        ("speed", false), ("port_state", false), ("port_type", false), ("port_id", true),
        ("port_name", true), ("fabric_name", true), ("symbolic_name", false),
        ("supported_classes", false), ("supported_speeds", false), ("dev_loss_tmo", false),
    ]

    private var directory: DeviceDirectory
    private var readings = AttributeFamilies()
    private var info = AttributeInfo(
        Family(
            "node_fibrechannel_info", kind: .gauge,
            help: "Non-numeric data from /sys/class/fc_host/<host>, value is always 1."))

    init(_ machine: CollectorResources) {
        directory = DeviceDirectory(machine, path: "class/fc_host")
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        if let names = try directory.look(&scrape) { find(names) }
        if info.write(&scrape, to: &page) { directory.lookSoon() }
        if readings.write(&scrape, to: &page) { directory.lookSoon() }
    }

    private mutating func find(_ names: [String]) {
        let root = directory.root
        readings.begin()
        info.begin()
        for name in names {
            let folder = "\(directory.path)/\(name)"
            let files = Set((try? root.names(in: folder)) ?? [])
            info.add(
                [("fc_host", name)],
                attributes: FibreChannel.texts.filter { files.contains($0.file) }.map {
                    ($0.file, Attribute(root, name: "\(folder)/\($0.file)"))
                }, withoutPrefix: Set(FibreChannel.texts.filter(\.isNumber).map(\.file)))
            let statistics = Set((try? root.names(in: "\(folder)/statistics")) ?? [])
            for (file, metric, help) in FibreChannel.counters where statistics.contains(file) {
                let full = "node_fibrechannel_\(metric)_total"
                // An adapter without this counter reports a value with all bits set.
                readings.add(
                    root, file: "\(folder)/statistics/\(file)", to: full,
                    labels: [("fc_host", name)],
                    form: .countOrOnes,
                    family: { Family(full, kind: .counter, help: help) })
            }
        }
        readings.end()
    }
}
