internal import Kernel
public import Observation
internal import Synchronization

/// Where pushes of events come in: from the bytes of a request to the bytes of its answer.
public final class EventDoor: Sendable {
    /// A request as far as it matters.
    public struct Push: ~Escapable {
        let body: Span<UInt8>
        let contentType: Span<UInt8>?
        let encoding: ContentEncoding

        /// Behind `body` there are `EventDecoder.padding` bytes that may be read.
        @_lifetime(copy body, copy contentType)
        public init(
            body: Span<UInt8>, contentType: Span<UInt8>?, encoding: ContentEncoding
        ) {
            self.body = body
            self.contentType = contentType
            self.encoding = encoding
        }
    }

    public let statistics = PushStatistics()
    public let producers: Producers
    private let sink: any Sink
    private let limits: EventLimits
    private let benches = Guarded(Benches())
    private let anonymousSuccess = Atomic<UInt64>(0)

    public init(sink: any Sink, producers: Producers, limits: EventLimits = EventLimits()) {
        self.sink = sink
        self.producers = producers
        self.limits = limits
    }

    /// When a batch of nobody in particular was accepted last, in Unix seconds; 0 when none was.
    public var lastAnonymousSuccess: Double {
        Double(bitPattern: anonymousSuccess.load(ordering: .relaxed))
    }

    /// Decodes and applies a push. `stamp` is what its headers say of the batch; `sender` is who
    /// pushes when they say nothing.
    public func take(
        _ push: borrowing Push, _ stamp: Result<BatchStamp?, BatchStamp.Problem>,
        from sender: Sender
    ) -> PushAnswer {
        let began = Clock.monotonicNanoseconds
        statistics.count(bytes: push.body.count)
        guard let form = EventDoor.form(push.contentType) else {
            return .error(
                415, "content_type",
                "events come as application/json or application/x-ndjson: -H 'Content-Type: application/json'"
            )
        }
        if push.encoding == .unknown {
            return .error(
                415, "content_encoding", "a body may be compressed by gzip and by nothing else")
        }
        let known: BatchStamp?
        switch stamp {
        case .success(let stamp): known = stamp
        case .failure(let problem): return .error(400, "bad_header", problem.sentence)
        }
        var bench = benches.withLock { $0.take() } ?? Bench(limits)
        let answer = take(push, form, known, sender, &bench)
        statistics.count(nanoseconds: Clock.monotonicNanoseconds &- began)
        if bench.keptBytes <= Bench.keptLimit {
            var kept: Bench? = consume bench
            benches.withLock { benches in
                if let bench = kept.take() { benches.giveBack(bench) }
            }
        }
        return answer
    }

    private func take(
        _ push: borrowing Push, _ form: EventDecoder.Form, _ stamp: BatchStamp?, _ sender: Sender,
        _ bench: inout Bench
    ) -> PushAnswer {
        var isDamaged = false
        if push.encoding == .gzip {
            do throws(Inflater.Failure) {
                bench.plain.removeAll()
                try bench.inflater.inflate(push.body, into: &bench.plain, limits)
                bench.plain.reserve(EventDecoder.padding)
            } catch {
                switch error {
                case .damaged: isDamaged = true
                case .tooLarge(let bytes):
                    return .error(
                        413, "body_too_large", "an inflated body has at most \(bytes) bytes")
                case .tooDense(let bytes):
                    return .error(
                        413, "body_too_dense",
                        "a body that is compressed more than \(limits.ratio) times inflates to at most \(bytes) bytes"
                    )
                }
            }
        }
        var sender = sender
        if let stamp {
            switch producers.decide(stamp, now: Clock.monotonicNanoseconds) {
            case .apply(let number): sender = Sender(number: number, process: sender.process)
            case .duplicate: return .duplicate
            case .staleStart:
                return .error(
                    400, "stale_start", "a later process of this producer has pushed already")
            case .full:
                return .error(
                    429, "producer_limit",
                    "no further producer is remembered; silent ones are forgotten after 24 hours")
            }
        }
        if isDamaged {
            return .unreadable("damaged_gzip", "the body is not gzip, or damaged, or cut off")
        }
        let now = Double(Clock.realNanoseconds) / 1e9
        let items: Int
        do throws(BodyProblem) {
            items = try EventDoor.decode(
                push, bench.plain, form, now, &bench.decoder, &bench.batch, &bench.verdict)
        } catch {
            return .unreadable("not_json", error.sentence)
        }
        statistics.count(bench.batch)
        sink.apply(bench.batch, from: sender, verdict: &bench.verdict)
        statistics.count(bench.verdict)
        let answer = PushAnswer.events(items, bench.verdict)
        if answer.status == 200 { noteSuccess(stamp, at: now) }
        return answer
    }

    private func noteSuccess(_ stamp: BatchStamp?, at time: Double) {
        if let stamp {
            producers.noteSuccess(stamp, at: time)
        } else {
            anonymousSuccess.store(time.bitPattern, ordering: .relaxed)
        }
    }

    private static func decode(
        _ push: borrowing Push, _ plain: borrowing Buffer, _ form: EventDecoder.Form,
        _ now: Double, _ decoder: inout EventDecoder, _ batch: inout Batch,
        _ verdict: inout Verdict
    ) throws(BodyProblem) -> Int {
        let body = push.encoding == .gzip ? plain.bytes : push.body
        return try decoder.decode(body, form, now: now, into: &batch, verdict: &verdict)
    }

    /// The form that a content type stands for; nil for one that is not ours.
    static func form(_ contentType: Span<UInt8>?) -> EventDecoder.Form? {
        guard let contentType else { return nil }
        let end = contentType.offset(of: UInt8(ascii: ";")) ?? contentType.count
        let type = contentType.extracting(first: end).trimmed
        if type.equalsIgnoringCase("application/json") { return .json }
        if type.equalsIgnoringCase("application/x-ndjson") { return .lines }
        return nil
    }
}

/// What one push at a time works with: its memory is kept.
private struct Bench: ~Copyable, @unchecked Sendable {
    // Whoever has taken it is alone with it.
    var decoder: EventDecoder
    var batch = Batch()
    var verdict = Verdict()
    var inflater = Inflater()
    var plain = Buffer(capacity: 4096)

    /// One that holds on to more bytes than this is not kept.
    static let keptLimit = 4 << 20

    init(_ limits: EventLimits) {
        decoder = EventDecoder(limits: limits)
    }

    var keptBytes: Int { decoder.keptBytes + batch.keptBytes + plain.capacity }
}

/// As many as there are threads that serve pushes.
private struct Benches: ~Copyable {
    private var first: Bench?
    private var second: Bench?

    mutating func take() -> Bench? {
        if first != nil { return first.take() }
        return second.take()
    }

    mutating func giveBack(_ bench: consuming Bench) {
        if first == nil {
            first = consume bench
        } else if second == nil {
            second = consume bench
        }
    }
}
