import Observation
import Testing

@testable import Intake

@Suite struct ColumnTests {
    @Test func `columns are rows`() {
        let decoded = Decoded(
            """
            {"model":"fraud","version":"3","columns":{
              "duration_seconds":[0.1,0.2,null],"outcome":["ok","timeout",null],
              "reason":[null,"","slow"],"batch_size":[1,2,3],
              "stages":{"queue":[0.5,null,0.25]},"tokens":{"input":[1,2,3]},
              "features":{"amount":[1,null,"Infinity"],"country":["DE","FR",true]},
              "prediction":["a",2,null],"score":[0.5,null,1],"scores":{"a":[0.1,0.2,0.3]},
              "groups":{"sex":["f",null,"m"]},"attributions":{"amount":[-1,0,1]},
              "input_errors":[[],null,[{"feature":"amount","reason":"missing"}]],
              "id":["x","","z"],"trace_id":[null,"t",null],"timestamp":[1795219000,0,null]}}
            """)
        #expect(decoded.rejections.isEmpty && decoded.accepted == 3)
        #expect(decoded.runs == ["fraud/3/- 0..<3"])
        #expect(decoded.batch.outcomes == [.ok, .timeout, .ok])
        #expect(decoded.batch.reasons.map(decoded.text) == ["-", "timeout", "slow"])
        #expect(decoded.batch.sizes == [1, 2, 3])
        #expect(decoded.observations(.duration) == ["0 0.1*1", "1 0.2*1"])
        #expect(decoded.observations(.batchSize) == ["0 1.0*1", "1 2.0*1", "2 3.0*1"])
        #expect(decoded.observations(.stageQueue) == ["0 0.5*1", "2 0.25*1"])
        #expect(decoded.observations(.inputTokens) == ["0 1.0*1", "1 2.0*1", "2 3.0*1"])
        #expect(decoded.observations(.score) == ["0 0.5*1", "2 1.0*1"])
        #expect(
            decoded.features == [
                "0 amount 1.0", "1 amount missing", "2 amount not finite 'Infinity'",
                "0 country 'DE'", "1 country 'FR'", "2 country 'true'",
            ])
        #expect(
            decoded.batch.predictions.map { "\($0.row) \(decoded.show($0.value))" } == [
                "0 'a'", "1 2.0",
            ])
        #expect(decoded.batch.scores.map(\.value) == [0.1, 0.2, 0.3])
        #expect(
            decoded.batch.groups.map { "\($0.row) \(decoded.text($0.group))" } == ["0 f", "2 m"])
        #expect(decoded.batch.attributions.map(\.value) == [-1, 0, 1])
        #expect(decoded.batch.inputErrors.map(\.row) == [2])
        #expect(decoded.batch.ids.map(\.row) == [0, 2] && decoded.batch.traces.map(\.row) == [1])
        #expect(decoded.batch.omissions.timestamps == 1)
    }

    @Test func `an invalid row is rejected alone, under its number`() {
        let decoded = Decoded(
            """
            [{"model":"m"},
             {"model":"m","columns":{"duration_seconds":[1,-1,3,"x",5],"outcome":["ok","ok",[7,8],"ok","timeout"],
              "features":{"a":[1,2,3,4,{"b":[]}]}}},
             {"model":"m","duration_seconds":9}]
            """)
        #expect(decoded.items == 7 && decoded.accepted == 3)
        #expect(
            decoded.rejections.map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
                == ["2 bad_value", "3 wrong_type", "4 wrong_type", "5 wrong_type"])
        #expect(decoded.batch.items == [0, 1, 6])
        #expect(decoded.observations(.duration) == ["1 1.0*1", "2 9.0*1"])
        #expect(decoded.features == ["1 a 1.0"])
        #expect(decoded.runs == ["m/unversioned/- 0..<3"])
    }

    @Test func `columns of which no row is right leave nothing`() {
        let decoded = Decoded(#"{"model":"m","columns":{"score":[2,3]}}"#)
        #expect(decoded.items == 2 && decoded.accepted == 0)
        #expect(decoded.batch.isEmpty && decoded.batch.runs.isEmpty)
    }

    @Test(arguments: [
        (#"{"score":[1],"id":["a","b"]}"#, "length_mismatch"),
        (#"{"score":1}"#, "wrong_type"), (#"{"features":[1]}"#, "wrong_type"),
        (#"{"features":{"a":1}}"#, "wrong_type"),
        (#"{"features":{"a":[1],"a":[1]}}"#, "duplicate_key"),
        (#"{"score":[1],"score":[1]}"#, "duplicate_key"),
        (#"{"stages":{"queue":[1],"queue":[1]}}"#, "duplicate_key"), ("[]", "wrong_type"),
    ])
    func `columns in a wrong form are one wrong event`(columns: String, code: String) throws {
        let decoded = Decoded(#"{"model":"m","columns":\#(columns)}"#)
        #expect(decoded.items == 1 && decoded.accepted == 0)
        #expect(try #require(decoded.rejections.first).hasPrefix("0 \(code) "))
    }

    @Test func `what belongs into columns is not ignored beside them`() throws {
        let decoded = Decoded(#"{"model":"m","outcome":"timeout","columns":{"score":[1]}}"#)
        #expect(try #require(decoded.rejections.first).hasPrefix("0 bad_value outcome "))
    }

    @Test func `no rows are no events`() {
        #expect(Decoded(#"{"model":"m","columns":{}}"#).items == 0)
        let empty = Decoded(#"[{"model":"m","columns":{"score":[]}},{"model":"m"}]"#)
        #expect(empty.accepted == 1 && empty.batch.items == [0])
        #expect(empty.runs == ["m/unversioned/- 0..<1"])
    }

    @Test func `a push has at most so many events`() throws {
        var limits = EventLimits()
        limits.events = 3
        let rows = Decoded(
            #"[{"model":"m","columns":{"score":[1,1]}},{"model":"m","columns":{"score":[1,1]}},{"model":"m"},{"model":"m"}]"#,
            limits: limits)
        #expect(rows.batch.items == [0, 1] || rows.batch.items == [0, 1, 3])
        #expect(rows.rejections.allSatisfy { $0.contains("event_limit") })
        let lines = Decoded(
            String(repeating: "{\"model\":\"m\"}\n", count: 5), form: .lines, limits: limits)
        #expect(lines.items == 5 && lines.accepted == 3)
    }
}
