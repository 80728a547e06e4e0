package import Kernel
package import Observation
internal import Synchronization

/// Where pushes of events come in: from the bytes of a request to the bytes of its answer.
package final class EventIngestor: Sendable {
    /// A request as far as it matters.
    package struct Push: ~Escapable {
        let body: Span<UInt8>
        let contentType: Span<UInt8>?
        let encoding: ContentEncoding

        /// Behind `body` there are `EventDecoder.padding` bytes that may be read.
        @_lifetime(copy body, copy contentType)
        package init(
            body: Span<UInt8>, contentType: Span<UInt8>?, encoding: ContentEncoding
        ) {
            self.body = body
            self.contentType = contentType
            self.encoding = encoding
        }
    }

    /// The memory of decoded pushes that is kept to be used again.
    static let pooledBytes = 4 << 20
    /// Memory of parsers at a time: what the largest push takes that `EventLimits` allow.
    package static let decodingBytes = 64 << 20

    package let statistics = PushStatistics()
    package let producers: ProducerTable
    private let limits: EventLimits
    private let scratches = LockedValue(ScratchPool())
    private let pool = LockedValue(PushPool())
    /// Counts bodies of pushes, what is inflated and decoded of them, and what waits for the journal.
    package let bodies: ByteBudget
    /// Counts the memory of parsers, which is released as soon as a body is decoded.
    package let decoding: ByteBudget
    private let anonymousSuccess = Atomic<UInt64>(0)

    package init(
        producers: ProducerTable, limits: EventLimits = EventLimits(),
        bodies: ByteBudget = ByteBudget(limit: .max),
        decoding: ByteBudget = ByteBudget(limit: .max)
    ) {
        self.producers = producers
        self.limits = limits
        self.bodies = bodies
        self.decoding = decoding
    }

    /// Frees the memory that is kept to be used again.
    package func trim() {
        pool.withLock { $0 = PushPool() }
        scratches.withLock { $0 = ScratchPool() }
    }

    /// When a batch without an idempotency key was last accepted, in Unix seconds; 0 for never.
    package var lastAnonymousSuccess: Double {
        Double(bitPattern: anonymousSuccess.load(ordering: .relaxed))
    }

    /// What decoding a push leads to.
    package enum Decoding {
        /// The push is refused.
        case answered(PushAnswer)
        /// The events that were decoded. `release` must be called when they are done with.
        case decoded(DecodedPush)
    }

    /// Decodes a push. `key` is the result of parsing its idempotency headers; `sender` is the
    /// pushing process, used if there are no such headers. Thread-safe.
    package func decode(
        _ push: borrowing Push, key: Result<IdempotencyKey?, IdempotencyKey.Problem>,
        from sender: Sender
    ) -> Decoding {
        let began = Clock.monotonicNanoseconds
        statistics.count(bytes: push.body.count)
        guard let form = EventIngestor.form(push.contentType) else {
            return .answered(
                .error(
                    415, code: "content_type",
                    detail:
                        "events come as application/json or application/x-ndjson: -H 'Content-Type: application/json'"
                ))
        }
        if push.encoding == .unknown {
            return .answered(
                .error(
                    415, code: "content_encoding",
                    detail: "a body may be compressed by gzip and by nothing else"
                ))
        }
        let known: IdempotencyKey?
        switch key {
        case .success(let key): known = key
        case .failure(let problem):
            return .answered(.error(400, code: "bad_header", detail: problem.sentence))
        }
        let decoded = pool.withLock { $0.take() } ?? DecodedPush()
        decoded.begin(known, sender: sender, at: began)
        decoded.claim = ByteClaim(bodies)
        var scratch = scratches.withLock { $0.take() } ?? DecodeScratch(limits)
        let answer = decode(push, form: form, into: decoded, scratch: &scratch)
        if scratch.keptBytes <= DecodeScratch.keptLimit {
            var kept: DecodeScratch? = consume scratch
            scratches.withLock { scratches in
                if let scratch = kept.take() { scratches.release(scratch) }
            }
        }
        guard let answer else { return .decoded(decoded) }
        release(decoded)
        return .answered(answer)
    }

    /// Checks the idempotency key of a push and marks it as seen. Returns the answer to a push that
    /// must not be applied, else nil.
    package func admit(_ decoded: DecodedPush, at time: Timestamp) -> PushAnswer? {
        guard let key = decoded.key else { return nil }
        switch producers.decide(key, now: time.monotonicNanoseconds) {
        case .apply(let number):
            decoded.sender = Sender(number: number, process: decoded.sender.process)
            return nil
        case .duplicate: return .duplicate
        case .staleStart:
            return .error(
                400, code: "stale_start",
                detail: "a later process of this producer has pushed already")
        case .futureStart:
            return .error(
                400, code: "future_start",
                detail:
                    "Producer-Start must be at most 24 hours ahead of the daemon's clock: it is the Unix time at which the producer's process started, in seconds"
            )
        }
    }

    /// The answer to a push that was applied.
    package func finish(_ decoded: DecodedPush) -> PushAnswer {
        statistics.count(decoded.batch)
        statistics.count(decoded.outcome)
        statistics.count(nanoseconds: Clock.monotonicNanoseconds &- decoded.began)
        let answer = PushAnswer.events(
            decoded.items, outcome: decoded.outcome,
            ignored: decoded.batch.omissions.fields)
        if answer.status == 200 { recordSuccess(decoded.key, at: decoded.time) }
        return answer
    }

    /// Releases the memory of a finished push for reuse.
    package func release(_ decoded: DecodedPush) {
        decoded.claim = nil
        pool.withLock { $0.giveBack(decoded) }
    }

    /// Fills the batch. Returns the answer to a body that is not one, which uses its number up.
    private func decode(
        _ push: borrowing Push, form: EventDecoder.Form, into decoded: DecodedPush,
        scratch: inout DecodeScratch
    ) -> PushAnswer? {
        if push.encoding == .gzip {
            do throws(Inflater.Failure) {
                scratch.plain.removeAll()
                try scratch.inflater.inflate(
                    push.body, into: &scratch.plain, limits: limits, claim: decoded.claim)
                scratch.plain.reserve(EventDecoder.padding)
            } catch {
                switch error {
                case .damaged:
                    return admit(decoded, at: .now)
                        ?? .unreadable(
                            "damaged_gzip", detail: "the body is not gzip, or damaged, or cut off")
                case .shortage(let shortage): return PushAnswer(shortage)
                case .tooLarge(let bytes):
                    return .error(
                        413, code: "body_too_large",
                        detail: "an inflated body has at most \(bytes) bytes")
                case .tooDense(let bytes):
                    return .error(
                        413, code: "body_too_dense",
                        detail:
                            "a body that is compressed more than \(limits.ratio) times inflates to at most \(bytes) bytes"
                    )
                }
            }
        }
        let working = ByteClaim(decoding)
        do throws(ByteShortage) {
            try working.hold(
                EventIngestor.workingBytes(
                    push, plain: scratch.plain, form: form, decoder: scratch.decoder))
        } catch {
            return PushAnswer(error)
        }
        do throws(BodyError) {
            decoded.items = try EventIngestor.decode(
                push, plain: scratch.plain, form: form, now: decoded.time,
                decoder: &scratch.decoder,
                batch: &decoded.batch, outcome: &decoded.outcome)
            do throws(ByteShortage) {
                // What was inflated is not needed any more.
                try decoded.claim?.hold(decoded.keptBytes)
            } catch {
                return PushAnswer(error)
            }
            return nil
        } catch {
            if error.isTooCostly {
                statistics.countCostlyBody()
                return .error(413, code: "body_too_costly", detail: error.sentence)
            }
            return admit(decoded, at: .now) ?? .unreadable("not_json", detail: error.sentence)
        }
    }

    private func recordSuccess(_ key: IdempotencyKey?, at time: Double) {
        if let key {
            producers.recordSuccess(key, at: time)
        } else {
            anonymousSuccess.store(time.bitPattern, ordering: .relaxed)
        }
    }

    private static func workingBytes(
        _ push: borrowing Push, plain: borrowing Buffer, form: EventDecoder.Form,
        decoder: borrowing EventDecoder
    ) -> Int {
        decoder.workingBytes(push.encoding == .gzip ? plain.bytes : push.body, form: form)
    }

    private static func decode(
        _ push: borrowing Push, plain: borrowing Buffer, form: EventDecoder.Form,
        now: Double, decoder: inout EventDecoder, batch: inout Batch,
        outcome: inout BatchOutcome
    ) throws(BodyError) -> Int {
        let body = push.encoding == .gzip ? plain.bytes : push.body
        return try decoder.decode(body, form: form, now: now, into: &batch, outcome: &outcome)
    }

    /// The form of a body with this content type; nil for an unsupported one.
    package static func form(_ contentType: Span<UInt8>?) -> EventDecoder.Form? {
        guard let contentType else { return nil }
        let end = contentType.offset(of: UInt8(ascii: ";")) ?? contentType.count
        let type = contentType.extracting(first: end).trimmed
        if type.equalsIgnoringCase("application/json") { return .json }
        if type.equalsIgnoringCase("application/x-ndjson") { return .lines }
        return nil
    }
}

/// The working memory of decoding, reused from push to push.
private struct DecodeScratch: ~Copyable, @unchecked Sendable {
    // Unchecked: the pool lends an instance to one thread at a time.
    var decoder: EventDecoder
    var inflater = Inflater()
    var plain = Buffer(capacity: 4096)

    /// Memory of more bytes than this is freed instead of reused.
    static let keptLimit = 4 << 20

    init(_ limits: EventLimits) {
        decoder = EventDecoder(limits: limits)
    }

    var keptBytes: Int { decoder.keptBytes + plain.capacity }
}

/// Decoded pushes whose memory is used again, up to a limit of all of them.
private struct PushPool {
    private var pushes: [DecodedPush] = []
    private var bytes = 0

    mutating func take() -> DecodedPush? {
        guard let push = pushes.popLast() else { return nil }
        bytes -= push.keptBytes
        return push
    }

    mutating func giveBack(_ push: DecodedPush) {
        let kept = push.keptBytes
        if bytes + kept > EventIngestor.pooledBytes { return }
        pushes.append(push)
        bytes += kept
    }
}

/// As many as there are threads that serve pushes.
private struct ScratchPool: ~Copyable {
    private var first: DecodeScratch?
    private var second: DecodeScratch?

    mutating func take() -> DecodeScratch? {
        if first != nil { return first.take() }
        return second.take()
    }

    mutating func release(_ scratch: consuming DecodeScratch) {
        if first == nil {
            first = consume scratch
        } else if second == nil {
            second = consume scratch
        }
    }
}
