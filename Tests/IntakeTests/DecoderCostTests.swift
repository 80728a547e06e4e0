import Intake
import Kernel
import Observation
import Testing

/// Bodies that cost more CPU time than they may.
struct DecoderCostTests {
    private func decode(_ body: String, form: EventDecoder.Form, time: Duration) -> (
        Int, BodyError?
    ) {
        var limits = EventLimits()
        limits.decodingTime = time
        var decoder = EventDecoder(limits: limits)
        var buffer = Buffer(capacity: body.utf8.count + EventDecoder.padding)
        buffer.append(body)
        buffer.reserve(EventDecoder.padding)
        var batch = Batch()
        var outcome = BatchOutcome()
        do throws(BodyError) {
            _ = try decoder.decode(
                buffer.bytes, form: form, now: 0, into: &batch, outcome: &outcome)
            return (batch.eventCount, nil)
        } catch {
            return (batch.eventCount, error)
        }
    }

    @Test func `a body that takes too long is ended, and nothing of it is kept`() {
        let event = #"{"model":"m","version":"1"}"#
        let events = Array(repeating: event, count: 1_000)
        let bodies: [(String, EventDecoder.Form)] = [
            ("[" + events.joined(separator: ",") + "]", .json),
            (events.joined(separator: "\n"), .lines),
        ]
        for (body, form) in bodies {
            let (count, error) = decode(body, form: form, time: .zero)
            #expect(count == 0 && error?.isTooCostly == true)
            #expect(decode(body, form: form, time: .seconds(3_600)) == (1_000, nil))
        }
    }

    @Test func `one element that takes too long is ended as well`() {
        let column = Array(repeating: "0.5", count: 5_000).joined(separator: ",")
        let body = #"{"model":"m","version":"1","columns":{"duration_seconds":[\#(column)]}}"#
        #expect(decode(body, form: .json, time: .zero).1?.isTooCostly == true)
        #expect(decode(body, form: .json, time: .seconds(3_600)).1 == nil)
    }

    @Test func `the memory of a decoder is known before it decodes`() {
        let decoder = EventDecoder()
        func bytes(_ text: String, form: EventDecoder.Form) -> Int {
            decoder.workingBytes(text.utf8Span.span, form: form)
        }
        let line = "[" + Array(repeating: "1", count: 1_000).joined(separator: ",") + "]"
        let alone = bytes(line, form: .json)
        #expect(alone > 8_000)
        // Lines are read one after the other.
        let lines = Array(repeating: line, count: 10).joined(separator: "\n")
        #expect(bytes(lines, form: .lines) == alone)
        #expect(bytes(lines, form: .json) > 9 * alone)
    }
}
