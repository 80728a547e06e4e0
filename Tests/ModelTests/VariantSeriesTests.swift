import Exposition
import Kernel
import Observation
import Testing

@testable import Model

struct TrafficTests {
    private let models = Models()
    private let labels = #"model="fraud",version="3""#

    @Test func `a first request brings every known outcome, reason and bucket, at 0`() {
        models.take { $0.seconds = [(0.012, 1)] }
        #expect(
            models.samples("ml_requests_total") == [
                #"ml_requests_total{model="fraud",outcome="ok",version="3"} 1"#,
                #"ml_requests_total{model="fraud",outcome="client_error",version="3"} 0"#,
                #"ml_requests_total{model="fraud",outcome="server_error",version="3"} 0"#,
                #"ml_requests_total{model="fraud",outcome="timeout",version="3"} 0"#,
                #"ml_requests_total{model="fraud",outcome="rejected",version="3"} 0"#,
                #"ml_requests_total{model="fraud",outcome="cancelled",version="3"} 0"#,
            ])
        #expect(
            models.samples("ml_request_errors_total") == [
                #"ml_request_errors_total{model="fraud",reason="client_error",version="3"} 0"#,
                #"ml_request_errors_total{model="fraud",reason="server_error",version="3"} 0"#,
                #"ml_request_errors_total{model="fraud",reason="timeout",version="3"} 0"#,
                #"ml_request_errors_total{model="fraud",reason="rejected",version="3"} 0"#,
                #"ml_request_errors_total{model="fraud",reason="cancelled",version="3"} 0"#,
            ])
        let buckets = models.samples("ml_request_duration_seconds_bucket")
        #expect(buckets.count == 18)
        #expect(buckets[3].hasSuffix(#"le="0.01"} 0"#) && buckets[4].hasSuffix(#"le="0.025"} 1"#))
        #expect(models.value("ml_request_duration_seconds_sum{\(labels)}") == "0.012")
        #expect(models.value("ml_input_rows_invalid_total{\(labels)}") == "0")
        #expect(models.samples("ml_request_stage_duration_seconds").isEmpty)
    }

    @Test func `a row stands for its weight of requests, each of its size of rows`() {
        models.take {
            $0.weight = 40
            $0.size = 8
            $0.seconds = [(0.012, 39), (0.5, 1)]
        }
        #expect(models.samples("ml_requests_total")[0].hasSuffix(" 40"))
        #expect(models.value("ml_predictions_total{\(labels)}") == "320")
        #expect(models.value("ml_input_rows_total{\(labels)}") == "320")
        #expect(models.value("ml_request_duration_seconds_count{\(labels)}") == "40")
        #expect(models.value(#"ml_request_duration_seconds_bucket{\#(labels),le="0.25"}"#) == "39")
    }

    @Test func `reasons beyond the limit count as other`() {
        for index in 0..<25 {
            models.take {
                $0.outcome = .serverError
                $0.reason = "reason \(index)"
            }
        }
        let errors = models.samples("ml_request_errors_total")
        #expect(errors.count == 21)
        #expect(
            errors.contains(
                #"ml_request_errors_total{model="fraud",reason="other",version="3"} 10"#)
        )
        #expect(models.value(#"ml_series_dropped_total{reason="reason_limit"}"#) == "10")
    }

    @Test func `stages, batch sizes and tokens come with their first number`() {
        models.take {
            $0.weight = 2
            $0.measures = [
                .stageQueue: 0.001, .stageInference: 0.2, .batchSize: 8, .inputTokens: 120,
                .outputTokens: 350, .timeToFirstToken: 0.21, .timePerOutputToken: 0.012,
            ]
        }
        let stages = models.samples("ml_request_stage_duration_seconds_count")
        #expect(
            stages == [
                #"ml_request_stage_duration_seconds_count{model="fraud",stage="queue",version="3"} 2"#,
                #"ml_request_stage_duration_seconds_count{model="fraud",stage="inference",version="3"} 2"#,
            ])
        #expect(models.value(#"ml_request_batch_size_bucket{\#(labels),le="8.0"}"#) == "2")
        #expect(
            models.samples("ml_tokens_total") == [
                #"ml_tokens_total{direction="input",model="fraud",version="3"} 240"#,
                #"ml_tokens_total{direction="output",model="fraud",version="3"} 700"#,
            ])
        #expect(models.value("ml_time_to_first_token_seconds_sum{\(labels)}") == "0.42")
        #expect(models.value("ml_time_per_output_token_seconds_count{\(labels)}") == "2")
    }

    @Test func `a variant is a label where there is one`() {
        models.take { $0.variant = "champion" }
        models.take { _ in }
        #expect(
            models.samples("ml_predictions_total") == [
                #"ml_predictions_total{model="fraud",variant="champion",version="3"} 1"#,
                #"ml_predictions_total{model="fraud",version="3"} 1"#,
            ])
        let list = models.list
        #expect(list.count == 1 && list[0].rows == 2)
    }

    @Test func `names are escaped, whatever they are`() {
        models.take {
            $0.model = "a\"} 1\nup 0\\"
            $0.version = "é"
        }
        #expect(
            models.samples("ml_predictions_total") == [
                #"ml_predictions_total{model="a\"} 1\nup 0\\",version="é"} 1"#
            ])
    }

    @Test func `a trace is an example of its bucket, one per second`() {
        models.take {
            $0.seconds = [(0.012, 1)]
            $0.trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        }
        models.take {
            $0.seconds = [(0.011, 1)]
            $0.trace = "second"
        }
        let shown = models.text(.openMetrics)
        #expect(
            shown.contains(
                #"le="0.025"} 2 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736"} 0.012 "#))
        #expect(!shown.contains("second\""))
        #expect(!models.text().contains("trace_id"))
    }

    @Test func `native buckets are kept where they are wanted, and only protobuf tells them`()
        throws
    {
        let models = Models(nativeHistograms: true)
        models.take {
            $0.seconds = [(0.012, 39), (0.5, 1)]
            $0.weight = 40
        }
        #expect(models.value("ml_request_duration_seconds_count{\(labels)}") == "40")
        var page = Page(format: .protobuf, body: Buffer(capacity: 4096))
        models.write(to: &page)
        page.finish()
        let bytes = page.bytes.count
        let batch = try ProtobufParser.parse(page.bytes)
        let family = try #require(batch.family(named: "ml_request_duration_seconds"))
        #expect(batch.families[family].kind == .histogram)
        let plain = Models()
        plain.take {
            $0.seconds = [(0.012, 39), (0.5, 1)]
            $0.weight = 40
        }
        page.restart(format: .protobuf)
        plain.write(to: &page)
        page.finish()
        #expect(page.bytes.count < bytes)
    }
}
