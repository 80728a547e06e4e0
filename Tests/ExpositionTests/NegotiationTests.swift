import Exposition
import Testing

struct NegotiationTests {
    private static let protobuf =
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

    @Test(
        arguments: [
            // Prometheus 2.42, default and with native histograms.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                Format.openMetrics
            ),
            (
                "\(protobuf),application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                .openMetrics
            ),
            // Prometheus 3.
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                .openMetrics
            ),
            // scrape_protocols: [PrometheusText0.0.4] and the order of equals.
            ("text/plain;version=0.0.4;q=0.6,*/*;q=0.5", .text),
            ("text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0", .text),
            ("application/openmetrics-text;version=0.0.1", .openMetrics),
            ("application/openmetrics-text", .openMetrics),
            // Browsers, curl, nonsense.
            ("text/html,application/xhtml+xml,*/*;q=0.8", .text),
            ("*/*", .text), ("", .text), (";;,,=;q=", .text),
            ("application/openmetrics-text;version=2.0.0", .text),
            ("application/openmetrics-text;version=1.0.0;q=0", .text),
            (
                "APPLICATION/OpenMetrics-Text; Version=1.0.0 ; Q=0.9 , text/plain;q=0.8",
                .openMetrics
            ),
            ("application/openmetrics-text;q=nan,text/plain;q=0.1", .text),
        ] as [(String, Format)])
    func `the preferred format that we have is chosen`(accept: String, format: Format) {
        let bytes = Array(accept.utf8)
        #expect(Negotiation.format(accept: bytes.span) == format)
    }

    @Test(
        arguments: [
            ("\(protobuf),application/openmetrics-text;version=1.0.0;q=0.8", Format.protobuf),
            ("application/openmetrics-text;version=1.0.0,\(protobuf);q=0.9", .openMetrics),
            ("application/vnd.google.protobuf,text/plain;q=0.1", .text),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text,text/plain;q=0.1",
                .text
            ),
        ])
    func `protobuf is chosen where it is offered`(accept: String, format: Format) {
        let bytes = Array(accept.utf8)
        #expect(Negotiation.format(accept: bytes.span, offersProtobuf: true) == format)
    }

    @Test func `without a header the answer is text`() {
        #expect(Negotiation.format(accept: nil) == .text)
    }
}
