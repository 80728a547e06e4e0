internal import Exposition

/// The counters of an InfiniBand port that are shown: the name of the file
/// (Documentation/ABI/stable/sysfs-class-infiniband, the drivers' hw_counters) and the name of
/// the metric after `node_infiniband_`.
enum InfiniBandNames {
    struct Counter {
        let folder: String
        let file: String
        let metric: String
        let help: String
        /// The multiplier to base units; 4 for data counters, which count words of 4 bytes.
        var factor: UInt64 = 1
        /// The divisor to base units; 1000 for milliseconds, rounded down to whole seconds.
        var divisor: UInt64 = 1
        var kind = Family.Kind.counter
    }

    private static let common: [(file: String, metric: String, help: String)] = [
        (
            "excessive_buffer_overrun_errors", "excessive_buffer_overrun_errors_total",
            "Overruns of the port's buffers in several periods one after the other."
        ),
        ("link_downed", "link_downed_total", "Times that the link went down after an error."),
        (
            "link_error_recovery", "link_error_recovery_total",
            "Times that the link recovered from an error."
        ),
        (
            "local_link_integrity_errors", "local_link_integrity_errors_total",
            "Times that local physical errors went beyond their threshold."
        ),
        (
            "multicast_rcv_packets", "multicast_packets_received_total",
            "Number of multicast packets received (including errors)"
        ),
        (
            "multicast_xmit_packets", "multicast_packets_transmitted_total",
            "Number of multicast packets transmitted (including errors)"
        ),
        (
            "port_rcv_constraint_errors", "port_constraint_errors_received_total",
            "Received packets that the port discarded for its constraints."
        ),
        (
            "port_rcv_data", "port_data_received_bytes_total",
            "Number of data octets received on all links"
        ),
        (
            "port_rcv_discards", "port_discards_received_total",
            "Received packets that a port discarded because it was down or congested."
        ),
        (
            "port_rcv_errors", "port_errors_received_total",
            "Received packets that contained an error."
        ),
        (
            "port_rcv_packets", "port_packets_received_total",
            "Packets received on all virtual lanes (including errors)."
        ),
        (
            "port_rcv_remote_physical_errors", "port_receive_remote_physical_errors_total",
            "Received packets that another port had marked as bad."
        ),
        (
            "port_rcv_switch_relay_errors", "port_receive_switch_relay_errors_total",
            "Number of packets that could not be forwarded by the switch."
        ),
        (
            "port_xmit_constraint_errors", "port_constraint_errors_transmitted_total",
            "Packets that the port did not send for its constraints."
        ),
        (
            "port_xmit_data", "port_data_transmitted_bytes_total",
            "Number of data octets transmitted on all links"
        ),
        (
            "port_xmit_discards", "port_discards_transmitted_total",
            "Packets to be sent that a port discarded because it was down or congested."
        ),
        (
            "port_xmit_packets", "port_packets_transmitted_total",
            "Packets sent on all virtual lanes (including errors)."
        ),
        (
            "port_xmit_wait", "port_transmit_wait_total",
            "Ticks in which the port had data to send and sent none."
        ),
        (
            "symbol_error", "symbol_error_total",
            "Small link errors on one or more physical lanes."
        ),
        (
            "unicast_rcv_packets", "unicast_packets_received_total",
            "Number of unicast packets received (including errors)"
        ),
        (
            "unicast_xmit_packets", "unicast_packets_transmitted_total",
            "Number of unicast packets transmitted (including errors)"
        ),
        (
            "VL15_dropped", "vl15_dropped_total",
            "Packets of virtual lane 15 that were dropped for lack of resources."
        ),
    ]

    /// The 64-bit counters of kernels before 4.5.
    private static let legacy: [(file: String, metric: String, help: String)] = [
        (
            "port_multicast_rcv_packets", "legacy_multicast_packets_received_total",
            "Number of multicast packets received"
        ),
        (
            "port_multicast_xmit_packets", "legacy_multicast_packets_transmitted_total",
            "Number of multicast packets transmitted"
        ),
        (
            "port_rcv_data_64", "legacy_data_received_bytes_total",
            "Number of data octets received on all links"
        ),
        (
            "port_rcv_packets_64", "legacy_packets_received_total",
            "Number of data packets received on all links"
        ),
        (
            "port_unicast_rcv_packets", "legacy_unicast_packets_received_total",
            "Number of unicast packets received"
        ),
        (
            "port_unicast_xmit_packets", "legacy_unicast_packets_transmitted_total",
            "Number of unicast packets transmitted"
        ),
        (
            "port_xmit_data_64", "legacy_data_transmitted_bytes_total",
            "Number of data octets transmitted on all links"
        ),
        (
            "port_xmit_packets_64", "legacy_packets_transmitted_total",
            "Number of data packets transmitted on all links"
        ),
    ]

    private static let hardware: [(file: String, metric: String, help: String)] = [
        ("duplicate_request", "duplicate_requests_packets_total", "Requests received again."),
        (
            "implied_nak_seq_err", "implied_nak_seq_errors_total",
            "Answers with a sequence number beyond the expected one."
        ),
        (
            "local_ack_timeout_err", "local_ack_timeout_errors_total",
            "Times that a queue pair waited too long for an acknowledgement."
        ),
        (
            "np_cnp_sent", "np_cnp_packets_sent_total",
            "Notifications of congestion sent by the notification point."
        ),
        (
            "np_ecn_marked_roce_packets", "np_ecn_marked_roce_packets_received_total",
            "RoCEv2 packets received with the mark of congestion."
        ),
        ("out_of_buffer", "out_of_buffer_drops_total", "Drops for lack of receive requests."),
        (
            "out_of_sequence", "out_of_sequence_packets_received_total",
            "Packets received out of sequence."
        ),
        (
            "packet_seq_err", "packet_sequence_errors_total",
            "Negative acknowledgements received for a wrong sequence."
        ),
        ("req_cqe_error", "req_cqes_errors_total", "Requests completed with an error."),
        (
            "req_cqe_flush_error", "req_cqes_flush_errors_total",
            "Requests completed because they were flushed."
        ),
        (
            "req_remote_access_errors", "req_remote_access_errors_total",
            "Requests that the remote side refused access to."
        ),
        (
            "req_remote_invalid_request", "req_remote_invalid_request_errors_total",
            "Requests that the remote side called invalid."
        ),
        ("resp_cqe_error", "resp_cqes_errors_total", "Responses completed with an error."),
        (
            "resp_cqe_flush_error", "resp_cqes_flush_errors_total",
            "Responses completed because they were flushed."
        ),
        (
            "resp_local_length_error", "resp_local_length_errors_total",
            "Responses with a wrong local length."
        ),
        (
            "resp_remote_access_errors", "resp_remote_access_errors_total",
            "Responses that refused access to the remote side."
        ),
        (
            "rnr_nak_retry_err", "rnr_nak_retry_packets_received_total",
            "Answers received that the receiver was not ready."
        ),
        (
            "roce_adp_retrans", "roce_adp_retransmits_total",
            "Adaptive retransmissions of RoCE traffic."
        ),
        (
            "roce_adp_retrans_to", "roce_adp_retransmits_timeout_total",
            "Timeouts of RoCE traffic under adaptive retransmission."
        ),
        (
            "roce_slow_restart", "roce_slow_restart_used_total",
            "Times that RoCE slow restart was used."
        ),
        (
            "roce_slow_restart_cnps", "roce_slow_restart_cnps_total",
            "Notifications of congestion made by RoCE slow restart."
        ),
        (
            "roce_slow_restart_trans", "roce_slow_restart_total",
            "Times that RoCE changed to slow restart."
        ),
        (
            "rp_cnp_handled", "rp_cnp_packets_handled_total",
            "Notifications of congestion that throttled the reaction point."
        ),
        (
            "rp_cnp_ignored", "rp_cnp_ignored_packets_received_total",
            "Notifications of congestion that the reaction point ignored."
        ),
        ("rx_atomic_requests", "rx_atomic_requests_total", "ATOMIC requests received."),
        ("rx_dct_connect", "rx_dct_connect_requests_total", "Requests to connect received."),
        (
            "rx_icrc_encapsulated", "rx_icrc_encapsulated_errors_total",
            "RoCE packets received with a wrong checksum."
        ),
        ("rx_read_requests", "rx_read_requests_total", "READ requests received."),
        ("rx_write_requests", "rx_write_requests_total", "WRITE requests received."),
    ]

    static let counters: [Counter] = {
        let words: Set = [
            "port_rcv_data", "port_xmit_data", "port_rcv_data_64", "port_xmit_data_64",
        ]
        func all(
            _ folder: String, list: [(file: String, metric: String, help: String)]
        ) -> [Counter] {
            list.map {
                Counter(
                    folder: folder, file: $0.file, metric: $0.metric, help: $0.help,
                    factor: words.contains($0.file) ? 4 : 1)
            }
        }
        let lifespan = Counter(
            folder: "hw_counters", file: "lifespan", metric: "lifespan_seconds",
            help: "How long the driver caches a reading of the hardware counters.", divisor: 1000,
            kind: .gauge)
        return all("counters_ext", list: legacy) + all("counters", list: common)
            + all("hw_counters", list: hardware) + [lifespan]
    }()
}
