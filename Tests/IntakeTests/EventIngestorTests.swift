import Kernel
import Observation
import Synchronization
import Testing

@testable import Intake

/// Takes batches and counts what is in them; refuses rows of the model `full`.
final class CountingSink: Sendable {
    let rows = Atomic<Int>(0)
    let batches = Atomic<Int>(0)
    let senders = LockedValue<[Sender]>([])

    func apply(_ batch: borrowing Batch, from sender: Sender, outcome: inout BatchOutcome) {
        batches.wrappingAdd(1, ordering: .relaxed)
        rows.wrappingAdd(batch.items.count, ordering: .relaxed)
        senders.withLock { $0.append(sender) }
        for run in batch.runs.indices {
            let model = batch.string(batch.scopes[batch.runs[run].scope].model)
            if model != "full" { continue }
            for row in batch.rows(of: run) {
                outcome.reject(Int(batch.items[row]), code: .seriesLimit, detail: "limit reached")
            }
        }
    }
}

extension EventIngestor {
    /// Decodes a push and applies it to `sink`.
    func perform(
        _ push: borrowing Push, key: Result<IdempotencyKey?, IdempotencyKey.Problem>,
        from sender: Sender, sink: CountingSink
    ) -> PushAnswer {
        switch decode(push, key: key, from: sender) {
        case .answered(let answer): return answer
        case .decoded(let decoded):
            defer { release(decoded) }
            if let answer = admit(decoded, at: .now) { return answer }
            sink.apply(decoded.batch, from: decoded.sender, outcome: &decoded.outcome)
            return finish(decoded)
        }
    }
}

@Suite struct EventIngestorTests {
    private let sink = CountingSink()
    private let ingestor: EventIngestor

    init() {
        ingestor = EventIngestor(producers: ProducerTable())
    }

    private func push(
        _ body: [UInt8], type: String? = "application/json",
        encoding: ContentEncoding = .identity,
        key: IdempotencyKey? = nil, from sender: Sender = .anonymous
    ) -> PushAnswer {
        var buffer = Buffer(capacity: 16)
        buffer.append(body)
        buffer.reserve(EventDecoder.padding)
        let type = type.map { Array($0.utf8) }
        return ingestor.perform(
            EventIngestor.Push(body: buffer.bytes, contentType: type?.span, encoding: encoding),
            key: .success(key), from: sender, sink: sink)
    }

    private func push(_ body: String, key: IdempotencyKey? = nil) -> PushAnswer {
        push(Array(body.utf8), key: key)
    }

    private func text(_ answer: PushAnswer) -> String {
        switch answer {
        case .one: "one"
        case .json(let status, let body): "\(status) \(String(decoding: body, as: UTF8.self))"
        }
    }

    @Test func `the answer counts accepted and rejected events`() {
        #expect(push(#"{"model":"m"}"#) == .one)
        #expect(
            text(push(#"[{"model":"m"},{"model":"full"},{"model":"m"}]"#))
                == #"200 {"accepted":2,"rejected":1,"errors":[{"index":1,"code":"series_limit","detail":"limit reached"}]}"#
                + "\n")
        #expect(
            text(push(#"{"model":"full"}"#))
                == #"400 {"error":{"code":"every_event_refused","detail":"no event could be used; errors say why"},"accepted":0,"rejected":1,"errors":[{"index":0,"code":"series_limit","detail":"limit reached"}]}"#
                + "\n")
        #expect(text(push("[]")) == "200 {\"accepted\":0,\"rejected\":0,\"errors\":[]}\n")
        #expect(text(push("[")).hasPrefix(#"400 {"error":{"code":"not_json","#))
        let many = "[" + [String](repeating: "1", count: 25).joined(separator: ",") + "]"
        #expect(text(push(many)).hasSuffix(",\"errors_omitted\":5}\n"))
    }

    @Test(
        arguments: [
            ("application/json", 200), ("Application/JSON; charset=utf-8", 200),
            ("application/x-ndjson", 200), (nil, 415), ("", 415), ("text/plain", 415),
            ("application/x-www-form-urlencoded", 415), ("application/jsonx", 415),
        ] as [(String?, Int)])
    func `a content type that is not ours is refused`(type: String?, status: Int) {
        let answer = push(Array(#"{"model":"m"}"#.utf8), type: type)
        #expect(answer.status == status)
        if status == 415 { #expect(text(answer).contains("application/json")) }
    }

    @Test func `compressed bodies are inflated within limits`() {
        let body = Array(#"{"model":"m"}"#.utf8)
        #expect(push(gzip(body), encoding: .gzip) == .one)
        #expect(
            text(push(body, encoding: .gzip)).hasPrefix(#"400 {"error":{"code":"damaged_gzip","#))
        #expect(push(body, encoding: .unknown).status == 415)
        let bomb = gzip([UInt8](repeating: 0x20, count: 5 << 20))
        #expect(
            text(push(bomb, encoding: .gzip)).hasPrefix(#"413 {"error":{"code":"body_too_dense","#))
        let large = gzip([UInt8](repeating: 0x20, count: 21 << 20))
        #expect(push(large, encoding: .gzip).status == 413)
    }

    @Test func `a batch is applied once`() {
        let key = IdempotencyKey(producer: "p", start: 1, sequence: 1)
        #expect(push(#"{"model":"m"}"#, key: key) == .one)
        #expect(text(push(#"{"model":"m"}"#, key: key)).contains(#""duplicate":true"#))
        #expect(sink.rows.load(ordering: .relaxed) == 1)
        #expect(sink.senders.withLock { $0.map(\.number) } == [1])
        #expect(ingestor.producers.successes.count == 1 && ingestor.lastAnonymousSuccess == 0)
    }

    @Test func `200 and 400 consume a number and other statuses do not`() {
        func key(_ sequence: UInt64) -> IdempotencyKey {
            IdempotencyKey(producer: "p", start: 1, sequence: sequence)
        }
        #expect(push("[", key: key(1)).status == 400)
        #expect(text(push(#"{"model":"m"}"#, key: key(1))).contains("duplicate"))
        #expect(push([], type: "text/plain", key: key(2)).status == 415)
        let bomb = gzip([UInt8](repeating: 0x20, count: 5 << 20))
        #expect(push(bomb, encoding: .gzip, key: key(2)).status == 413)
        #expect(push(#"{"model":"m"}"#, key: key(2)) == .one)
        #expect(push(Array("x".utf8), encoding: .gzip, key: key(3)).status == 400)
        #expect(text(push(#"{"model":"m"}"#, key: key(3))).contains("duplicate"))
    }

    @Test func `headers that do not tell are 400`() {
        let answer = ingestor.perform(
            EventIngestor.Push(body: Span(), contentType: nil, encoding: .identity),
            key: .failure(IdempotencyKey.Problem(sentence: "no")), from: .anonymous, sink: sink)
        #expect(answer.status == 415 || answer.status == 400)
    }

    @Test func `everything is counted`() {
        let body = #"[{"model":"m","x":1},{"model":7},{"type":"state","model":"m"}]"#
        _ = push(body)
        let statistics = ingestor.statistics
        #expect(statistics.events(.inference) == 1 && statistics.events(.state) == 1)
        #expect(statistics.rejected(.wrongType) == 1)
        #expect(statistics.unknownFields == 1)
        #expect(statistics.bytes == UInt64(body.utf8.count))
        #expect((0...13).reduce(0) { $0 + statistics.durations($1) } == 1)
    }

    @Test func `many threads push at once and nothing is lost`() throws {
        let (ingestor, sink) = (ingestor, sink)
        try inFourThreads { index in
            var body = Buffer(capacity: 64)
            body.append("[{\"model\":\"m\(index)\"},{\"model\":\"shared\"}]")
            body.reserve(EventDecoder.padding)
            let type = Array("application/json".utf8)
            for _ in 0..<500 {
                _ = ingestor.perform(
                    EventIngestor.Push(
                        body: body.bytes, contentType: type.span, encoding: .identity),
                    key: .success(nil), from: .anonymous, sink: sink)
            }
        }
        #expect(sink.rows.load(ordering: .relaxed) == 4000)
    }
}

@Suite struct PathTests {
    private func parts(_ path: String) -> String? {
        let bytes = Array(path.utf8)
        return ResourcePath(bytes.span)?.parts.map { "\($0.collection)=\($0.name)" }
            .joined(separator: " ")
    }

    @Test func `things below v1 are found by path`() {
        #expect(parts("/v1/models/fraud/versions/3") == "models=fraud versions=3")
        #expect(parts("/v1/producers/a%2Fb%20c") == "producers=a/b c")
        #expect(parts("/v1/models@base64/YS9i/versions@base64/Mw==") == "models=a/b versions=3")
        #expect(parts("/v1/models@base64/YS9i/versions/3") == "models=a/b versions=3")
        for path in [
            "/v1/", "/v1/models", "/v1/models/", "/v1/models//versions/3", "/v1/models/m/versions",
            "/v1/models@base64/!/versions/3", "/v1/models@hex/61", "/v1/producers/%ff",
            "/v2/models/m", "/v1/models@base64/_w/versions/3",
        ] {
            #expect(parts(path) == nil, "\(path)")
        }
    }

    @Test(arguments: [
        ("127.0.0.1:10181", true), ("localhost", true), ("LocalHost:1", true),
        ("[::1]:10181", true),
        ("10.0.0.7", true), ("", true), ("push.example.org:10181", true),
        ("PUSH.example.org", true),
        ("evil.example", false), ("127.0.0.1.evil.example", false),
        ("localhost.evil.example", false),
        ("1.2.3", false), ("1.2.3.4.5", false), ("1234.1.1.1", false),
    ])
    func `names that are not ours are foreign`(host: String, isAllowed: Bool) {
        let check = HostCheck(names: ["push.example.org"])
        let bytes = Array(host.utf8)
        let answers = (
            check.allows(bytes.span), check.allows(nil), HostCheck(names: ["*"]).allows(bytes.span)
        )
        #expect(answers == (isAllowed, true, true))
    }
}

/// Runs `body` in four threads at once and waits for them.
func inFourThreads(_ body: @escaping @Sendable (Int) -> Void) throws {
    let first = try Worker("first") { body(0) }
    let second = try Worker("second") { body(1) }
    let third = try Worker("third") { body(2) }
    let fourth = try Worker("fourth") { body(3) }
    first.join()
    second.join()
    third.join()
    fourth.join()
}
