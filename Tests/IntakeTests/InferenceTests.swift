import Observation
import Testing

@testable import Intake

@Suite struct InferenceTests {
    @Test func `a model's name is all that an event needs`() {
        let decoded = Decoded(#"{"model":"fraud"}"#)
        #expect(decoded.accepted == 1 && decoded.problem == nil)
        #expect(decoded.runs == ["fraud/unversioned/- 0..<1"])
        #expect(decoded.batch.outcomes == [.ok])
        #expect(decoded.batch.weights == [1] && decoded.batch.sizes == [1])
        #expect(decoded.batch.reasons == [.none])
        #expect(decoded.observations(.duration).isEmpty)
    }

    @Test func `everything an event may say arrives`() {
        let decoded = Decoded(
            """
            {"type":"inference","model":"fraud","version":"3","variant":"champion",
             "outcome":"timeout","reason":"upstream",
             "duration_seconds":0.0123,
             "stages":{"queue":0.001,"preprocess":0.002,"inference":0.009,"postprocess":null},
             "batch_size":4,"tokens":{"input":120,"output":350},
             "time_to_first_token_seconds":0.21,"time_per_output_token_seconds":0.012,
             "features":{"amount":12.5,"country":"DE","age":null,"vip":true,"odd":"NaN","big":1e999},
             "prediction":"fraud","score":0.93,"scores":{"fraud":0.93,"fine":0.07},
             "groups":{"gender":"f"},
             "input_errors":[{"feature":"age","reason":"type"},{"feature":"x","reason":"own"}],
             "attributions":{"amount":-0.4},
             "id":"req-8812","trace_id":"4bf9","timestamp":1795219000.25}
            """)
        #expect(decoded.rejections.isEmpty && decoded.accepted == 1)
        #expect(decoded.runs == ["fraud/3/champion 0..<1"])
        #expect(decoded.batch.outcomes == [.timeout])
        #expect(decoded.batch.reasons.map(decoded.text) == ["upstream"])
        #expect(decoded.batch.sizes == [4])
        #expect(decoded.observations(.duration) == ["0 0.0123*1"])
        #expect(decoded.observations(.stageInference) == ["0 0.009*1"])
        #expect(decoded.observations(.stagePostprocess).isEmpty)
        #expect(decoded.observations(.batchSize) == ["0 4.0*1"])
        #expect(decoded.observations(.inputTokens) == ["0 120.0*1"])
        #expect(decoded.observations(.outputTokens) == ["0 350.0*1"])
        #expect(decoded.observations(.timeToFirstToken) == ["0 0.21*1"])
        #expect(decoded.observations(.timePerOutputToken) == ["0 0.012*1"])
        #expect(decoded.observations(.score) == ["0 0.93*1"])
        #expect(
            decoded.features == [
                "0 amount 12.5", "0 country 'DE'", "0 age missing", "0 vip 'true'",
                "0 odd not finite 'NaN'", "0 big not finite",
            ])
        #expect(decoded.batch.predictions.map { decoded.show($0.value) } == ["'fraud'"])
        #expect(decoded.batch.scores.map(\.value) == [0.93, 0.07])
        #expect(decoded.batch.groups.map { decoded.text($0.group) } == ["f"])
        #expect(decoded.batch.inputErrors.map(\.reason) == [.type, .custom])
        #expect(decoded.batch.attributions.map(\.value) == [-0.4])
        #expect(decoded.batch.ids.map { decoded.text($0.text) } == ["req-8812"])
        #expect(decoded.batch.traces.map { decoded.text($0.text) } == ["4bf9"])
        #expect(decoded.batch.omissions == IgnoredInput())
    }

    @Test func `null is as if it was absent`() {
        let decoded = Decoded(
            """
            {"model":"m","version":null,"outcome":null,"duration_seconds":null,"features":null,
             "stages":null,"batch_size":null,"score":null,"count":null,"columns":null,"type":null}
            """)
        #expect(decoded.rejections.isEmpty)
        #expect(decoded.runs == ["m/unversioned/- 0..<1"])
    }

    @Test func `an outcome that failed is its own reason`() {
        let decoded = Decoded(
            #"[{"model":"m","outcome":"rejected"},{"model":"m","reason":"slow"},{"model":"m","outcome":"cancelled","reason":""}]"#
        )
        #expect(decoded.batch.reasons.map(decoded.text) == ["rejected", "slow", "cancelled"])
    }

    @Test func `rows of one scope are a run and a variant is a scope of its own`() {
        let decoded = Decoded(
            """
            [{"model":"a","version":"1"},{"model":"a","version":"1"},{"model":"a"},
             {"model":"a","version":"","variant":""},{"model":"a","version":"1","variant":"b"},
             {"model":"a","version":"1"}]
            """)
        #expect(
            decoded.runs == [
                "a/1/- 0..<2", "a/unversioned/- 2..<4", "a/1/b 4..<5", "a/1/- 5..<6",
            ])
        #expect(decoded.batch.scopes.count == 3)
    }

    @Test func `a counted event stands for many requests`() {
        let decoded = Decoded(
            """
            [{"model":"m","count":40,"duration_seconds":{"values":[0.012,0.5,9],"counts":[39,1,0]}},
             {"model":"m","count":7,"duration_seconds":0.1,"batch_size":3},
             {"model":"m","duration_seconds":{"counts":[2],"values":[1]}},
             {"model":"m","count":3}]
            """)
        #expect(decoded.rejections.isEmpty)
        #expect(decoded.batch.weights == [40, 7, 2, 3])
        #expect(
            decoded.observations(.duration) == ["0 0.012*39", "0 0.5*1", "1 0.1*7", "2 1.0*2"])
        #expect(decoded.observations(.batchSize) == ["1 3.0*7"])
    }

    @Test(arguments: [
        (#"{"values":[1],"counts":[1,2]}"#, "length_mismatch"),
        (#"{"values":[1],"counts":[41]}"#, "count_mismatch"),
        (#"{"values":[1],"counts":[1.5]}"#, "bad_value"),
        (#"{"values":[-1],"counts":[40]}"#, "bad_value"),
        (#"{"values":["1"],"counts":[40]}"#, "wrong_type"),
        (#"{"values":[1]}"#, "missing_field"),
        (#"{"values":1,"counts":[40]}"#, "wrong_type"),
        (#"{"value":[1],"counts":[40]}"#, "wrong_type"),
        (#"{"values":[1,2],"counts":[9007199254740992,9007199254740992]}"#, "count_mismatch"),
    ])
    func `counts that do not fit are refused`(duration: String, code: String) throws {
        let decoded = Decoded(#"{"model":"m","count":40,"duration_seconds":\#(duration)}"#)
        #expect(try #require(decoded.rejections.first).hasPrefix("0 \(code) "))
        #expect(decoded.batch.isEmpty && decoded.batch.runs.isEmpty)
    }

    @Test(arguments: [
        ("3", "not_an_object"), (#"{"type":"inference"}"#, "missing_field"),
        (#"{"model":""}"#, "bad_value"), (#"{"model":3}"#, "wrong_type"),
        (#"{"model":"m","model":"m"}"#, "duplicate_key"),
        (#"{"model":"m","type":"news"}"#, "unknown_type"),
        (#"{"model":"m","version":3}"#, "wrong_type"),
        (#"{"model":"m","outcome":"good"}"#, "bad_value"),
        (#"{"model":"m","duration_seconds":-0.1}"#, "bad_value"),
        (#"{"model":"m","duration_seconds":1e999}"#, "bad_value"),
        (#"{"model":"m","duration_seconds":"0.1"}"#, "wrong_type"),
        (#"{"model":"m","batch_size":0}"#, "bad_value"),
        (#"{"model":"m","batch_size":1.5}"#, "bad_value"),
        (#"{"model":"m","batch_size":1e300}"#, "bad_value"),
        (#"{"model":"m","count":0}"#, "bad_value"),
        (#"{"model":"m","score":1.01}"#, "bad_value"),
        (#"{"model":"m","stages":[]}"#, "wrong_type"),
        (#"{"model":"m","stages":{"queue":1,"queue":1}}"#, "duplicate_key"),
        (#"{"model":"m","tokens":{"input":-1}}"#, "bad_value"),
        (#"{"model":"m","features":{"a":1,"a":2}}"#, "duplicate_key"),
        (#"{"model":"m","features":{"a":[1]}}"#, "wrong_type"),
        (#"{"model":"m","features":{"":1}}"#, "bad_value"),
        (#"{"model":"m","prediction":[]}"#, "wrong_type"),
        (#"{"model":"m","groups":{"a":1}}"#, "wrong_type"),
        (#"{"model":"m","input_errors":[{"feature":"a"}]}"#, "missing_field"),
        (#"{"model":"m","id":7}"#, "wrong_type"),
        (#"{"model":"\ud800"}"#, "bad_text"),
        (#"{"model":"m","timestamp":"now"}"#, "wrong_type"),
    ])
    func `an invalid event is rejected alone, with its reason`(event: String, code: String) throws {
        let decoded = Decoded(#"[{"model":"before"},\#(event),{"model":"after"}]"#)
        #expect(decoded.accepted == 2 && decoded.outcome.rejected == 1)
        #expect(
            try #require(decoded.rejections.first).hasPrefix("1 \(code) "), "\(decoded.rejections)")
        #expect(decoded.runs == ["before/unversioned/- 0..<1", "after/unversioned/- 1..<2"])
        #expect(decoded.batch.items == [0, 2])
    }

    @Test func `what was read of a refused event is taken back`() {
        let decoded = Decoded(
            """
            [{"model":"m","duration_seconds":1,"features":{"a":1},"prediction":"p","groups":{"g":"h"},
              "id":"i","attributions":{"a":1},"scores":{"p":1},"input_errors":[],"trace_id":7}]
            """)
        #expect(decoded.outcome.rejected == 1)
        #expect(decoded.batch.isEmpty && decoded.batch.runs.isEmpty)
        #expect(decoded.features.isEmpty && decoded.batch.predictions.isEmpty)
        #expect(decoded.observations(.duration).isEmpty && decoded.batch.groups.isEmpty)
        #expect(decoded.batch.ids.isEmpty && decoded.batch.attributions.isEmpty)
        #expect(decoded.batch.scores.isEmpty)
    }

    @Test func `unknown keys are counted and not looked at`() {
        let decoded = Decoded(
            #"{"model":"m","foo":{"bar":[1e999,"\ud800"]},"epoch":3,"stages":{"nap":-1},"foo":1}"#)
        #expect(decoded.accepted == 1)
        #expect(decoded.batch.omissions.unknownFields == 4)
    }

    @Test func `a time far from now is ignored and counted`() {
        let decoded = Decoded(
            #"[{"model":"m","timestamp":1795219000},{"model":"m","timestamp":0},{"model":"m","timestamp":1795305401}]"#
        )
        #expect(decoded.accepted == 3 && decoded.batch.omissions.timestamps == 2)
    }

    @Test func `a feature beyond the limit is dropped and the event stays`() {
        let features = (0..<203).map { "\"f\($0)\":\($0)" }.joined(separator: ",")
        let decoded = Decoded(#"{"model":"m","features":{\#(features)}}"#)
        #expect(decoded.accepted == 1)
        #expect(decoded.batch.features.count == 200 && decoded.batch.omissions.features == 3)
    }

    @Test func `names and texts have a longest length`() throws {
        let name = String(repeating: "n", count: 255)
        #expect(Decoded(#"{"model":"\#(name)"}"#).accepted == 1)
        let long = Decoded(#"{"model":"\#(name)n"}"#)
        #expect(try #require(long.rejections.first).hasPrefix("0 too_long "))
        let text = String(repeating: "t", count: 1024)
        #expect(Decoded(#"{"model":"m","features":{"f":"\#(text)"}}"#).accepted == 1)
        #expect(Decoded(#"{"model":"m","prediction":"\#(text)t"}"#).accepted == 0)
    }

    @Test func `a category that is no text is an input error`() {
        let decoded = Decoded(#"{"model":"m","features":{"a":"\udfff","b":1}}"#)
        #expect(decoded.accepted == 1 && decoded.features == ["0 b 1.0"])
        #expect(decoded.batch.inputErrors.map(\.reason) == [.invalidUTF8])
    }

    @Test func `escapes in keys and texts are undone`() {
        let decoded = Decoded(#"{"mod\u0065l":"a\"\\\u00fc\ud83d\ude00","reason":"x\ny"}"#)
        #expect(decoded.runs == ["a\"\\ü😀/unversioned/- 0..<1"])
        #expect(decoded.batch.reasons.map(decoded.text) == ["x\ny"])
    }

    @Test func `memory of one body does not leak into the next`() {
        var decoder = EventDecoder()
        let first = Decoded(
            #"[{"model":"m","outcome":"timeout","features":{"a":1,"b":"x"}}]"#, decoder: &decoder)
        #expect(first.accepted == 1)
        let second = Decoded(
            #"[{"model":"n","outcome":"timeout","features":{"b":1,"a":"x"}}]"#, decoder: &decoder)
        #expect(second.runs == ["n/unversioned/- 0..<1"])
        #expect(second.features == ["0 b 1.0", "0 a 'x'"])
        #expect(second.batch.reasons.map(second.text) == ["timeout"])
    }

    @Test func `a finish reason is read from an event and from columns`() {
        let decoded = Decoded(
            """
            [{"model":"m","finish_reason":"stop"},{"model":"m","finish_reason":null},
             {"model":"m","finish_reason":""},
             {"model":"m","columns":{"finish_reason":["length",null,7,"stop"]}}]
            """)
        #expect(
            decoded.batch.finishReasons.map { "\($0.row) \(decoded.text($0.name))" } == [
                "0 stop", "3 length", "5 stop",
            ])
        #expect(decoded.rejections.count == 1)
        let long = String(repeating: "ä", count: 200)
        for body in [
            #"{"model":"m","finish_reason":"\#(long)"}"#,
            #"{"model":"m","columns":{"finish_reason":["\#(long)"]}}"#,
        ] {
            let cut = Decoded(body)
            #expect(cut.batch.finishReasons.map { cut.text($0.name).utf8.count } == [254])
            #expect(cut.batch.omissions.cutTexts == 1)
        }
    }
}
