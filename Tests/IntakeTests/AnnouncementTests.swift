import Observation
import Testing

@testable import Intake

@Suite struct AnnouncementTests {
    private func code(_ body: String) -> String {
        Decoded(body).outcome.rejections.first.map { "\($0.code.name)" } ?? "accepted"
    }

    @Test func `a label is joined by id or stands for itself`() {
        let decoded = Decoded(
            """
            [{"type":"label","model":"fraud","id":"req-8812","label":"fraud"},
             {"type":"label","model":"fraud","prediction":1.5,"score":0.93,"label":2,"groups":{"sex":"f"}}]
            """)
        #expect(decoded.rejections.isEmpty)
        let labels = decoded.batch.labels
        #expect(labels.map { decoded.text($0.id) } == ["req-8812", ""])
        #expect(labels.map { decoded.show($0.label) } == ["'fraud'", "2.0"])
        #expect(labels.map { decoded.show($0.prediction) } == ["missing", "1.5"])
        #expect(
            labels.map { decoded.text(decoded.batch.scopes[$0.scope].version) } == [
                "-", "unversioned",
            ])
        #expect(labels[1].groups == 0..<1 && labels[1].score == 0.93)
        #expect(code(#"{"type":"label","model":"m","label":"x"}"#) == "missing_field")
        #expect(code(#"{"type":"label","model":"m","id":"x"}"#) == "missing_field")
    }

    @Test func `a training tells what it knows`() {
        let decoded = Decoded(
            """
            {"type":"training","model":"fraud","run":"r1","split":"validation","epoch":3,"step":1200,
             "metrics":{"f1":0.91,"loss":0.21,"none":null},"feature_importance":{"amount":0.4},
             "feature_statistics":{"amount":{"mean":88.1,"stddev":20,"median":null}},
             "status":"succeeded","duration_seconds":812,"rows":120000}
            """)
        #expect(decoded.rejections.isEmpty && decoded.batch.trainings.count == 1)
        let training = decoded.batch.trainings[0]
        #expect(training.status == .succeeded && training.epoch == 3 && training.rows == 120_000)
        #expect(training.metrics == 0..<2 && training.importance == 2..<3)
        #expect(decoded.batch.trainingNumbers.map(\.value) == [0.91, 0.21, 0.4])
        let statistics = decoded.batch.trainingStatistics[0]
        #expect(statistics.mean == 88.1 && statistics.stddev == 20 && statistics.median.isNaN)
        #expect(code(#"{"type":"training","model":"m","status":"done"}"#) == "bad_value")
        #expect(code(#"{"type":"training","model":"m","metrics":{"f1":"x"}}"#) == "wrong_type")
    }

    @Test func `a state leaves unsaid what has not changed`() {
        let decoded = Decoded(#"{"type":"state","model":"m","in_flight":3,"queue_length":null}"#)
        #expect(decoded.batch.states.map(\.inFlight) == [3])
        #expect(decoded.batch.states[0].queueLength.isNaN)
        #expect(code(#"{"type":"state","model":"m","in_flight":-1}"#) == "bad_value")
    }

    @Test func `lifecycle of a model`() {
        let decoded = Decoded(
            #"{"type":"model","model":"m","version":"3","event":"loaded","framework":"lightgbm","git_sha":"ab","trained_at":1795000000}"#
        )
        let lifecycle = decoded.batch.modelEvents[0]
        #expect(lifecycle.change == .loaded && lifecycle.trainedAt == 1_795_000_000)
        #expect(
            decoded.text(lifecycle.framework) == "lightgbm"
                && decoded.text(lifecycle.gitSHA) == "ab")
        #expect(code(#"{"type":"model","model":"m","event":"melted"}"#) == "bad_value")
    }

    @Test func `a state says how much of the cache is used`() {
        let decoded = Decoded(#"{"type":"state","model":"m","kv_cache_usage_ratio":0.25}"#)
        let state = decoded.batch.states[0]
        #expect(state.cacheUsage == 0.25 && state.inFlight.isNaN)
        #expect(
            Decoded(#"{"type":"state","model":"m","kv_cache_usage_ratio":1.5}"#).rejections == [
                "0 bad_value kv_cache_usage_ratio must be a number from 0 to 1, found 1.5"
            ])
    }

    @Test func `a metric of the business`() {
        let decoded = Decoded(
            #"{"type":"metric","name":"profit","kind":"counter","value":-9,"target":10,"labels":{"region":"eu","x":""},"unit":"euros"}"#
        )
        let metric = decoded.batch.metrics[0]
        #expect(metric.scope == -1 && metric.shape == .counter)
        #expect(metric.value == -9 && metric.target == 10)
        #expect(decoded.batch.metricLabels.map { decoded.text($0.value) } == ["eu"])
        for labels in [#"{"model":"m"}"#, #"{"__x":"m"}"#, #"{"a-b":"m"}"#, #"{"1a":"m"}"#] {
            #expect(
                code(#"{"type":"metric","name":"n","kind":"gauge","value":1,"labels":\#(labels)}"#)
                    == "bad_value")
        }
        #expect(code(#"{"type":"metric","name":"n","kind":"gauge"}"#) == "missing_field")
        #expect(code(#"{"type":"metric","name":"n","value":1}"#) == "missing_field")
        #expect(code(#"{"type":"metric","kind":"gauge","value":1}"#) == "missing_field")
        let labels = (0..<31).map { "\"l\($0)\":\"v\"" }.joined(separator: ",")
        #expect(
            code(#"{"type":"metric","name":"n","kind":"gauge","value":1,"labels":{\#(labels)}}"#)
                == "too_many")
    }

    @Test func `a refused announcement leaves nothing`() {
        let decoded = Decoded(
            """
            [{"type":"label","model":"m","id":"i","label":"l","groups":{"a":"b","c":7}},
             {"type":"training","model":"m","metrics":{"a":1},"feature_statistics":{"f":{"mean":"x"}}},
             {"type":"metric","name":"n","kind":"gauge","value":1,"labels":{"a":"b","model":"c"}}]
            """)
        #expect(decoded.outcome.rejected == 3 && decoded.batch.isEmpty)
        #expect(decoded.batch.labelGroups.isEmpty && decoded.batch.trainingNumbers.isEmpty)
        #expect(decoded.batch.metricLabels.isEmpty && decoded.batch.trainingStatistics.isEmpty)
    }
}
