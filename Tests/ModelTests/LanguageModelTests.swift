import Kernel
import Observation
import Series
import Testing
import Wire

@testable import Model

/// What language models report beside what all models do.
struct LanguageModelTests {
    @Test func `tokens are counted and their distribution per request is kept`() {
        let models = Models()
        models.take { $0.measures = [.inputTokens: 120, .outputTokens: 3] }
        models.take {
            $0.measures = [.inputTokens: 2_000_000]
            $0.weight = 2
        }
        let labels = #"direction="input",model="fraud",version="3""#
        #expect(models.value("ml_tokens_total{\(labels)}") == "4000120")
        #expect(models.value("ml_request_tokens_count{\(labels)}") == "3")
        #expect(models.value("ml_request_tokens_sum{\(labels)}") == "4.00012e+06")
        let bucket = #"ml_request_tokens_bucket{direction="input",model="fraud",version="3",le="#
        #expect(models.value(bucket + #""100.0"}"#) == "0")
        #expect(models.value(bucket + #""200.0"}"#) == "1")
        #expect(models.value(bucket + #""1e+06"}"#) == "1")
        #expect(models.value(bucket + #""+Inf"}"#) == "3")
    }

    @Test func `finish reasons are counted by name, and beyond their limit as other`() {
        var limits = SeriesLimits()
        limits.finishReasons = 2
        let models = Models(limits)
        for reason in ["stop", "length", "stop", "tool_calls", "other", "content_filter"] {
            models.take {
                $0.finishReason = reason
                $0.weight = 3
            }
        }
        #expect(
            Set(models.samples("ml_requests_finished_total")) == [
                #"ml_requests_finished_total{finish_reason="stop",model="fraud",version="3"} 6"#,
                #"ml_requests_finished_total{finish_reason="length",model="fraud",version="3"} 3"#,
                #"ml_requests_finished_total{finish_reason="other",model="fraud",version="3"} 9"#,
            ])
        #expect(models.value(#"ml_series_dropped_total{reason="finish_reason_limit"}"#) == "6")
    }

    @Test func `the stages of a language model have series of their own`() {
        let models = Models()
        models.take { $0.measures = [.stagePrefill: 0.5, .stageDecode: 40] }
        let sum = "ml_request_stage_duration_seconds_sum"
        #expect(models.value(sum + #"{model="fraud",stage="prefill",version="3"}"#) == "0.5")
        #expect(models.value(sum + #"{model="fraud",stage="decode",version="3"}"#) == "40")
    }

    @Test func `the cache is shown as the maximum over the producers`() {
        let models = Models()
        let name = #"ml_kv_cache_usage_ratio{model="fraud",version="3"}"#
        var push = Push()
        push.add(state: "fraud", version: "3", queue: 1)
        _ = push.send(to: models, from: 1)
        #expect(models.samples("ml_kv_cache_usage_ratio").isEmpty)
        for (producer, usage) in [(1, 0.25), (2, 0.75), (1, 0.5)] {
            push.add(state: "fraud", version: "3", cache: usage)
            _ = push.send(to: models, from: UInt64(producer))
        }
        #expect(models.value(name) == "0.75")
        #expect(models.value(#"ml_requests_queued{model="fraud",version="3"}"#) == "1")
        #expect(models.value(#"ml_requests_in_flight{model="fraud",version="3"}"#) == nil)
    }

    @Test
    func `a replayed finish reason is counted where it was counted, whatever the limit is now`() {
        var push = Push()
        for reason in ["stop", "length", "tool_calls"] { push.add { $0.finishReason = reason } }
        var few = SeriesLimits()
        few.finishReasons = 1
        let models = Models(few)
        var outcome = BatchOutcome()
        let decision = models.reserve(
            push.batch, from: Sender(number: 1, process: nil), outcome: &outcome)
        var record = ByteWriter()
        push.batch.write(to: &record)
        models.write(decision, to: &record)
        let other = Models()
        var reader = ByteReader(record.bytes.span)
        var batch = Batch()
        let isRead = batch.read(&reader)
        let isReplayed = other.replay(batch, record: &reader, at: .now)
        #expect(isRead && isReplayed)
        #expect(
            Set(other.samples("ml_requests_finished_total")) == [
                #"ml_requests_finished_total{finish_reason="stop",model="fraud",version="3"} 1"#,
                #"ml_requests_finished_total{finish_reason="other",model="fraud",version="3"} 2"#,
            ])
    }
}
