import Kernel
import Observation
import Testing
import Wire

@testable import Model

/// A record that a daemon of revision ad336cd wrote, of a push with every kind of event. The metric
/// with the label `region` was refused.
struct Format1RecordTests {
    private static let record = """
        AVNmcmF1ZDNhbW91bnRjb3VudHJ5REVhZ2VvdXQgb2YgbWVtb3J5Y2hhbXBpb25ERWxpZ2h0Z2JtYWJjY2h1cm5w
        cm9maXRyZWdpb25ldW1vbmRheQ4ABQUBBgYMBxUDGA0lCC8INwM6BT8GRQZLAk0GBAECAAECBwoAAAEAAAIAAgYE
        AgECBgQCBAD6fmq8dJOIPwMAAAAAAAAA4D8BAfp+arx0k4g/AwEAAAAAAADgPwECAJqZmZmZmbk/BAGamZmZmZm5
        PwQAAAACAAAAAAAAAABABAEAAAAAAAAAQAQCAAAAAAAAABRABAEAAAAAAAAUQAQAAgCamZmZmZnJPwQBmpmZmZmZ
        yT8EAAAEAAMAAAAAAAAA8D8ABAETAgEDAAAAAAAAAPA/AQQBLQIAAAAAAAIABQIBBQIAAAEDmpmZmZmZ2T8BAwAA
        AAAAAABAAAAAAAAA+H8AAAAAAAD4fwEMDQIHAAAABAQAAAAAAAD4fwAACAMAAAQEAAAAAAAA+H8AAAEGAw4AAAAA
        AAAAEEAAAAAAAAD4fwAAAAAAAPh/AAAAAAAA+H8DAAEAAQABAQIAAAAAAAAAEEAAAAAAAAD4fwEDAAEICQAAAAAA
        ABRAAgQDCwEAAAAAAAAIQAAAAAAAACJAAAAABQALAAAAAAAAAAjAAAAAAAAA+H8AAAECAAAAAAAAAAAAAAAAAAAA
        AAAAAAAAAQECAQAAAAEBAAEAAAIAAAABAAAA16PYoMLB2kEHAAAAAAABAQ==
        """

    /// The samples that the same daemon showed.
    private static let page = #"""
        ml_requests_total{model="fraud",outcome="ok",version="3"} 0
        ml_requests_total{model="fraud",outcome="client_error",version="3"} 0
        ml_requests_total{model="fraud",outcome="server_error",version="3"} 4
        ml_requests_total{model="fraud",outcome="timeout",version="3"} 0
        ml_requests_total{model="fraud",outcome="rejected",version="3"} 0
        ml_requests_total{model="fraud",outcome="cancelled",version="3"} 0
        ml_requests_total{model="fraud",outcome="ok",variant="champion",version="3"} 0
        ml_requests_total{model="fraud",outcome="client_error",variant="champion",version="3"} 0
        ml_requests_total{model="fraud",outcome="server_error",variant="champion",version="3"} 4
        ml_requests_total{model="fraud",outcome="timeout",variant="champion",version="3"} 0
        ml_requests_total{model="fraud",outcome="rejected",variant="champion",version="3"} 0
        ml_requests_total{model="fraud",outcome="cancelled",variant="champion",version="3"} 0
        ml_predictions_total{model="fraud",version="3"} 8
        ml_predictions_total{model="fraud",variant="champion",version="3"} 8
        ml_request_errors_total{model="fraud",reason="client_error",version="3"} 0
        ml_request_errors_total{model="fraud",reason="server_error",version="3"} 0
        ml_request_errors_total{model="fraud",reason="timeout",version="3"} 0
        ml_request_errors_total{model="fraud",reason="rejected",version="3"} 0
        ml_request_errors_total{model="fraud",reason="cancelled",version="3"} 0
        ml_request_errors_total{model="fraud",reason="out of memory",version="3"} 4
        ml_request_errors_total{model="fraud",reason="client_error",variant="champion",version="3"} 0
        ml_request_errors_total{model="fraud",reason="server_error",variant="champion",version="3"} 0
        ml_request_errors_total{model="fraud",reason="timeout",variant="champion",version="3"} 0
        ml_request_errors_total{model="fraud",reason="rejected",variant="champion",version="3"} 0
        ml_request_errors_total{model="fraud",reason="cancelled",variant="champion",version="3"} 0
        ml_request_errors_total{model="fraud",reason="out of memory",variant="champion",version="3"} 4
        ml_request_duration_seconds_sum{model="fraud",version="3"} 0.536
        ml_request_duration_seconds_count{model="fraud",version="3"} 4
        ml_request_duration_seconds_sum{model="fraud",variant="champion",version="3"} 0.536
        ml_request_duration_seconds_count{model="fraud",variant="champion",version="3"} 4
        ml_tokens_total{direction="input",model="fraud",version="3"} 20
        ml_tokens_total{direction="input",model="fraud",variant="champion",version="3"} 20
        ml_input_rows_invalid_total{model="fraud",version="3"} 4
        ml_input_rows_invalid_total{model="fraud",variant="champion",version="3"} 4
        ml_input_validation_errors_total{feature="age",model="fraud",reason="out_of_range",version="3"} 4
        ml_input_validation_errors_total{feature="age",model="fraud",reason="out_of_range",variant="champion",version="3"} 4
        ml_feature_values_total{feature="amount",model="fraud",version="3"} 4
        ml_feature_values_total{feature="country",model="fraud",version="3"} 4
        ml_feature_values_total{feature="amount",model="fraud",variant="champion",version="3"} 4
        ml_feature_values_total{feature="country",model="fraud",variant="champion",version="3"} 4
        ml_labels_received_total{model="fraud"} 1
        ml_labels_received_total{model="fraud",version="3"} 1
        ml_model_info{framework="lightgbm",git_sha="abc",model="fraud",version="3"} 1
        ml_training_metric{metric="amount",model="fraud"} 0.4
        ml_training_feature_mean{feature="amount",model="fraud"} 2
        ml_training_failures_total{model="fraud"} 1
        ml_training_info{model="fraud",run_id="monday"} 1
        ml_business_value_total{kpi="profit",model="churn"} 3
        ml_business_target{kpi="profit",model="churn"} 9
        """#

    @Test func `a record of format 1 is replayed as its daemon applied it`() throws {
        let text = Format1RecordTests.record.filter { !$0.isWhitespace }
        let base64URL = text.replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
        let bytes = try Base64URL.decode(Array(base64URL.utf8).span)
        var reader = ByteReader(bytes.span)
        var batch = Batch()
        let isRead = batch.read(&reader)
        #expect(isRead)
        let models = Models()
        let isReplayed = models.replayFormat1(batch, record: &reader, now: .now)
        #expect(isReplayed)
        let shown = Set(models.text().split(separator: "\n").map(String.init))
        for line in Format1RecordTests.page.split(separator: "\n") {
            #expect(shown.contains(String(line)), "\(line)")
        }
        #expect(models.samples("ml_business_value{").isEmpty)
        // The lease of 300 s has ended since the record was written.
        #expect(models.samples("ml_requests_in_flight").isEmpty)
    }
}
