import Testing

@testable import Intake

struct IdempotencyKeyTests {
    private func read(
        _ producer: String?, start: String?, sequence: String?
    ) -> Result<IdempotencyKey?, IdempotencyKey.Problem> {
        let (producer, start, sequence) = (
            producer.map { Array($0.utf8) }, start.map { Array($0.utf8) },
            sequence.map { Array($0.utf8) }
        )
        do throws(IdempotencyKey.Problem) {
            return .success(
                try IdempotencyKey.read(
                    producer: producer?.span, start: start?.span, sequence: sequence?.span))
        } catch {
            return .failure(error)
        }
    }

    @Test(
        arguments: [
            ("1", 1_000_000_000), ("0", 0), ("1795219000.25", 1_795_219_000_250_000_000),
            ("1795219000.250", 1_795_219_000_250_000_000), ("0.123456789123", 123_456_789),
            ("9999999999", 9_999_999_999_000_000_000),
        ] as [(String, UInt64)])
    func `a start is a decimal number of seconds`(text: String, nanoseconds: UInt64) {
        #expect(
            read("p", start: text, sequence: "7")
                == .success(IdempotencyKey(producer: "p", start: nanoseconds, sequence: 7)))
    }

    @Test func `a producer's name has at most 255 bytes`() {
        let name = String(repeating: "p", count: 255)
        #expect(
            read(name, start: "1", sequence: "1")
                == .success(IdempotencyKey(producer: name, start: 1_000_000_000, sequence: 1)))
        guard case .failure = read(name + "p", start: "1", sequence: "1") else {
            Issue.record("256 bytes were accepted")
            return
        }
    }

    @Test func `without headers there is no key`() {
        #expect(read(nil, start: nil, sequence: nil) == .success(nil))
    }

    @Test(
        arguments: [
            (nil, "1", "1"), ("p", nil, "1"), ("p", "1", nil), ("p", nil, nil), ("", "1", "1"),
            ("p", "", "1"), ("p", "1", ""), ("p", "x", "1"), ("p", "1.", "1"), ("p", ".5", "1"),
            ("p", "-1", "1"), ("p", "1e9", "1"), ("p", "12345678901", "1"), ("p", "1", "0"),
            ("p", "1", "-1"), ("p", "1", "1.0"), ("p", "1", "99999999999999999999"),
            ("p", "1.2.3", "1"), (String(repeating: "p", count: 256), "1", "1"),
        ] as [(String?, String?, String?)])
    func `headers that do not tell are refused`(
        producer: String?, start: String?, sequence: String?
    ) {
        guard case .failure(let problem) = read(producer, start: start, sequence: sequence) else {
            Issue.record("accepted")
            return
        }
        #expect(!problem.sentence.isEmpty)
    }
}
