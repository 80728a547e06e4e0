/// An exposition format.
package enum Format: Sendable, CaseIterable {
    /// Prometheus text format 0.0.4.
    case text
    /// OpenMetrics 1.0.0; also sent to clients that request 0.0.1, which can read it.
    case openMetrics
    /// Length-delimited `MetricFamily` messages: the only format with native histograms.
    case protobuf

    /// The value of the Content-Type header.
    package var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .protobuf:
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }
}
