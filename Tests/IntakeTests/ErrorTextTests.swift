import Observation
import Testing

@testable import Intake

/// What an answer says of a wrong event: key, found value, right value and limit.
@Suite struct ErrorTextTests {
    @Test(arguments: [
        (#"{"model":"m","features":{"a":1,"user":{"age":4}}}"#, ["features.user", "an object"]),
        (#"{"model":"m","input_errors":["age"]}"#, ["input_errors[0]", "must be an object"]),
        (#"{"model":"m","input_errors":{"age":1}}"#, ["must be an array of objects"]),
        (
            #"{"model":"m","input_errors":[{"feature":"a","reason":"type","rows":2}]}"#,
            ["input_errors[0].rows", "batch_size of 1", "found 2"]
        ),
        (#"{"model":"m","score":1.5}"#, ["score must be a number from 0 to 1, found 1.5"]),
        (#"{"model":"m","duration_seconds":1e308}"#, ["31536000", "found 1e+308"]),
        (#"{"model":"m","stages":{"queue":-1}}"#, ["stages.queue", "found -1"]),
        (#"{"model":"m","tokens":{"input":2e12}}"#, ["tokens.input", "1000000000000"]),
        (#"{"model":"m","batch_size":2e9}"#, ["batch_size", "1000000000", "2000000000"]),
        (#"{"model":"m","outcome":"good"}"#, ["outcome must be one of ok,", #"found "good""#]),
        (
            #"{"model":"m","columns":{"score":[0.5,"x"]}}"#,
            ["columns.score[1] must be a number from 0 to 1", #"found "x""#]
        ),
        (
            #"{"model":"m","columns":{"features":{"age":[1,[2]]}}}"#,
            ["columns.features.age[1]", "found an array"]
        ),
        (
            #"{"model":"m","duration_seconds":{"values":[1,-2],"counts":[1,1]}}"#,
            ["duration_seconds[1]", "found -2"]
        ),
        (#"{"events":[{"model":"m"}]}"#, ["send the array itself"]),
        (#"{"type":"state","model":"m","in_flight":1e300}"#, ["in_flight", "1e+300"]),
        (#"{"type":"training","model":"m","metrics":{"f1":"x"}}"#, ["metrics.f1", "number"]),
        (#"{"type":"metric","name":"n","kind":"gauge","value":1e200}"#, ["value", "1e100"]),
        (#"{"model":"a\u0000b"}"#, ["U+0000"]), ("7", ["must be an object, found 7"]),
    ])
    func `an error names the key, what was found and what would be right`(
        event: String, parts: [String]
    ) throws {
        let text = try #require(Decoded("[\(event)]").rejections.first, "\(event)")
        for part in parts { #expect(text.contains(part), "\(text)") }
    }

    @Test func `a name that is too long is refused with the limit and its length`() throws {
        let long = String(repeating: "m", count: 256)
        let text = try #require(Decoded(#"{"model":"\#(long)"}"#).rejections.first)
        #expect(text == "0 too_long model must have at most 255 bytes, found 256")
    }

    @Test func `reasons and categories that are too long are cut at a character`() {
        let reason = String(repeating: "x", count: 254) + "äöü"
        let category = String(repeating: "y", count: 1023) + "ä"
        let decoded = Decoded(
            #"{"model":"m","outcome":"server_error","reason":"\#(reason)","features":{"f":"\#(category)"}}"#
        )
        #expect(decoded.accepted == 1)
        #expect(
            decoded.batch.reasons.map(decoded.text) == [String(repeating: "x", count: 254)])
        #expect(decoded.features == ["0 f '\(String(repeating: "y", count: 1023))'"])
        #expect(decoded.batch.omissions.cutTexts == 2)
    }

    @Test func `unknown keys are named, with the key that is meant`() {
        let decoded = Decoded(
            #"[{"model":"m","latency":1,"Outcome":"ok","durationSeconds":1,"stages":{"infer":1}},{"model":"m","latency":2}]"#
        )
        #expect(decoded.accepted == 2 && decoded.batch.omissions.unknownFields == 5)
        let fields = decoded.batch.omissions.fields
        #expect(fields.map(\.key) == ["latency", "Outcome", "durationSeconds", "stages.infer"])
        #expect(fields[1].suggestion == "outcome" && fields[2].suggestion == "duration_seconds")
        let answer = PushAnswer.events(2, outcome: decoded.outcome, ignored: fields)
        guard case .json(200, let body) = answer else {
            Issue.record("\(answer)")
            return
        }
        let text = String(decoding: body, as: UTF8.self)
        #expect(text.contains(#""ignored":["latency","Outcome","durationSeconds","stages.infer"]"#))
        #expect(text.contains(#""Outcome":"outcome""#))
    }

    @Test(arguments: [
        (#"{"model":"m","score":NaN}"#, "NaN"), (#"{"model":"m","score":-Infinity}"#, "-Infinity"),
        (#"{"model":"m","score":None}"#, "None"), (#"{'model':'m'}"#, "quote"),
        ("{\"model\":\"m\"}\n{\"model\":\"m\"}", "application/x-ndjson"),
        ("{\"model\":\"m\"}{\"model\":\"m\"}", "application/x-ndjson"),
    ])
    func `a body that is not JSON is refused with its cause`(body: String, cause: String) throws {
        #expect(try #require(Decoded(body).problem).contains(cause))
    }

    @Test(
        arguments: [
            ([0x1F, 0x8B, 0x08], "Content-Encoding: gzip"), ([0xFF, 0xFE, 0x7B, 0], "UTF-8"),
            ([0x7B, 0, 0x7D, 0], "UTF-8"), ([0, 0x7B, 0, 0x7D], "UTF-8"),
            ([0x28, 0xB5, 0x2F, 0xFD], "zstd"),
        ] as [([UInt8], String)])
    func `a body in another encoding is refused with its cause`(
        bytes: [UInt8], cause: String
    ) throws {
        for form in [EventDecoder.Form.json, .lines] {
            #expect(try #require(Decoded(bytes: bytes, form: form).problem).contains(cause))
        }
    }

    @Test func `a byte order mark is accepted`() {
        let bytes = [0xEF, 0xBB, 0xBF] + Array(#"{"model":"m"}"#.utf8)
        #expect(Decoded(bytes: bytes).accepted == 1)
        #expect(Decoded(bytes: bytes, form: .lines).accepted == 1)
    }
}
