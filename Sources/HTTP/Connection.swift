internal import CLinux
internal import Glibc
internal import Kernel
internal import Synchronization

/// One connection and its current request. It lives as long as the connection, so that a further
/// request allocates nothing.
final class Connection: @unchecked Sendable {
    // The connection's libmicrohttpd thread owns everything but the deadline, which is atomic. While
    // the request is suspended, the owner of its `PendingResponse` owns `answer`; libmicrohttpd's lock
    // in MHD_resume_connection passes it back. The lock of `Deadlines` guards `observed…` and `place`.

    /// The state of the current request.
    enum Phase {
        /// Between requests.
        case idle
        /// The request line is complete.
        case header
        /// The header is complete: the body is gathered, or drained and dropped.
        case body
        case pending
        case answered
    }

    /// How the request is answered, decided when its header is complete.
    enum RouteDecision {
        case route(Route.Handler, Method)
        case constant(ResponseCore)
    }

    let descriptor: Int32
    /// Whether the connection is beyond the limit and only open until its 503 is read.
    let isRefused: Bool
    var phase = Phase.idle
    var decision: RouteDecision?
    var answer: ResponseCore?
    var form = Target.Form.malformed
    var path = Buffer(capacity: 128)
    var rawPath = Buffer(capacity: 128)
    var query = Buffer(capacity: 128)
    var body = Buffer(capacity: 16)
    /// The connection's own small buffer while `body` is one of the pool.
    private var smallBody: Buffer?
    var receivedBytes: UInt64 = 0
    /// The Content-Length of the request, else 0.
    var expectedBytes: UInt64 = 0
    /// Limit of the request's body in bytes.
    var bodyLimit: UInt64 = 0
    /// Bytes of `body` that are counted in `ServerCore.inFlightBytes`.
    var countedBytes = 0
    /// A value that a handler keeps for the connection.
    var attachment: (any AnyObject & Sendable)?

    /// When the connection is cut and why: monotonic nanoseconds in the upper 60 bits, the reason in
    /// the four lowest; 0 for never. One word, so that the clock thread reads both without a lock.
    private let deadline = Atomic<UInt64>(0)
    var place = 0
    var observedDeadline: UInt64 = 0
    var observedBytes: Int64 = 0

    init(descriptor: Int32, isRefused: Bool) {
        self.descriptor = descriptor
        self.isRefused = isRefused
    }

    /// Appends part of the body. `expected` is the request's Content-Length in bytes, else 0.
    func gather(_ bytes: Span<UInt8>, of expected: Int, from pool: BufferPool) {
        if smallBody == nil {
            var pooled = pool.take()
            swap(&pooled, &body)
            smallBody = consume pooled
            // More when it has arrived: a length alone must not take memory.
            body.reserve(min(expected, 1 << 20) + Request.bodyPadding)
        }
        body.append(bytes)
    }

    /// Reserves the padding behind the body, which simdjson reads.
    func padBody() {
        if body.count > 0 { body.reserve(Request.bodyPadding) }
    }

    func releaseBody(to pool: BufferPool) {
        guard var small = smallBody.take() else { return }
        swap(&small, &body)
        pool.release(small)
    }

    // MARK: The deadline

    func expire(at nanoseconds: UInt64, reason: RefusalReason) {
        deadline.store(Connection.pack(nanoseconds, reason: reason), ordering: .relaxed)
    }

    func neverExpire() {
        deadline.store(0, ordering: .relaxed)
    }

    /// The packed deadline; it also identifies one wait of the connection.
    var packedDeadline: UInt64 { deadline.load(ordering: .relaxed) }

    /// Replaces the deadline unless the connection's thread has changed it meanwhile.
    func replaceDeadline(_ old: UInt64, by nanoseconds: UInt64, reason: RefusalReason) {
        _ = deadline.compareExchange(
            expected: old, desired: Connection.pack(nanoseconds, reason: reason), ordering: .relaxed
        )
    }

    static func unpack(_ packed: UInt64) -> (nanoseconds: UInt64, reason: RefusalReason)? {
        guard packed != 0, let reason = RefusalReason(rawValue: Int(packed & 15)) else {
            return nil
        }
        return (packed >> 4, reason)
    }

    private static func pack(_ nanoseconds: UInt64, reason: RefusalReason) -> UInt64 {
        min(nanoseconds, .max >> 4) << 4 | UInt64(reason.rawValue)
    }
}
