internal import Exposition
internal import Kernel

/// Ports of Fibre Channel adapters (/sys/class/fc_host, drivers/scsi/scsi_transport_fc.c).
struct FibreChannel: Collector, ~Copyable {
    static var name: String { "fibrechannel" }

    private static let shape = DeviceTable.Shape(
        path: "class/fc_host", label: "fc_host", folder: "statistics",
        numbers: [
            row("dumped_frames", as: "dumped_frames", help: "Number of dumped frames"),
            row("error_frames", as: "error_frames", help: "Number of errors in frames"),
            row(
                "invalid_crc_count", as: "invalid_crc",
                help: "Invalid Cyclic Redundancy Check count"),
            row("rx_frames", as: "rx_frames", help: "Number of frames received"),
            row("rx_words", as: "rx_words", help: "Number of words received by host port"),
            row("tx_frames", as: "tx_frames", help: "Number of frames transmitted by host port"),
            row("tx_words", as: "tx_words", help: "Number of words transmitted by host port"),
            row(
                "seconds_since_last_reset", as: "seconds_since_last_reset",
                help: "Number of seconds since last host port reset"),
            row(
                "invalid_tx_word_count", as: "invalid_tx_words",
                help: "Number of invalid words transmitted by host port"),
            row(
                "link_failure_count", as: "link_failure",
                help: "Number of times the host port link has failed"),
            row(
                "loss_of_sync_count", as: "loss_of_sync",
                help: "Number of failures on either bit or transmission word boundaries"),
            row(
                "loss_of_signal_count", as: "loss_of_signal",
                help: "Number of times signal has been lost"),
            row(
                "nos_count", as: "nos",
                help: "Number Not_Operational Primitive Sequence received by host port"),
            row("fcp_packet_aborts", as: "fcp_packet_aborts", help: "Number of aborted packets"),
        ],
        info: .init(
            family: "node_fibrechannel_info",
            help: "Non-numeric data from /sys/class/fc_host/<host>, value is always 1.",
            files: [
                "speed", "port_state", "port_type", "port_id", "port_name", "fabric_name",
                "symbolic_name", "supported_classes", "supported_speeds", "dev_loss_tmo",
            ], filesWithoutPrefix: ["port_id", "port_name", "fabric_name"], comesFirst: true))

    /// An adapter without a counter reports a value with all bits set.
    private static func row(_ file: String, as name: String, help: String) -> AttributeRow {
        AttributeRow(
            file, family: "node_fibrechannel_\(name)_total", help: help, form: .countOrOnes)
    }

    private var devices: DeviceTable

    init(_ machine: CollectorResources) {
        devices = DeviceTable(machine, shape: FibreChannel.shape)
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try devices.collect(&scrape, into: &page)
    }
}
