internal import CLinux
internal import Glibc
internal import Kernel
internal import Synchronization

/// One connection and its current request. It lives as long as the connection, so that a further
/// request allocates nothing.
final class Connection: @unchecked Sendable {
    // The connection's libmicrohttpd thread owns everything but the deadline, which is atomic. While
    // the request is suspended, the owner of its `PendingResponse` owns `answer`; libmicrohttpd's lock
    // in MHD_resume_connection passes it back. The lock of `OpenConnections` guards `observed…`,
    // `nudge…` and `isCounted`.

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
    /// The client whose share of the server's connections it uses; nil if that is not limited.
    let client: ClientKey?
    /// The client whose share of what servers have in common it uses.
    let owner: ClientKey
    /// Whether it is one of a Unix socket.
    let isLocal: Bool
    private let statistics: Statistics
    /// Its number in `OpenConnections`, which no other connection of the server ever had.
    var number: UInt64 = 0
    /// The limit beyond which the connection is: it is then only open until its 503 is read. Set before
    /// other threads know the connection.
    var refusal: OpenConnections.Refusal?
    var isRefused: Bool { refusal != nil }
    /// Whether it counts against `Limits.connections`.
    var isCounted = false
    /// Whether its response is counted in `HeldResponses`. Passed on like `answer`.
    var holdsResponse = false
    var phase = Phase.idle
    var decision: RouteDecision?
    var answer: ResponseCore?
    var form = Target.Form.malformed
    /// The authority of a target in absolute form, else empty.
    var authority = Buffer(capacity: 16)
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
    var observedDeadline: UInt64 = 0
    var observedBytes: Int64 = 0
    /// When libmicrohttpd is to be told again that the client has closed its side; 0 if it has not.
    var nudgeNanoseconds: UInt64 = 0
    var nudgeStep: UInt64 = 0

    init(
        descriptor: Int32, client: ClientKey?, owner: ClientKey, isLocal: Bool,
        statistics: Statistics
    ) {
        self.descriptor = descriptor
        self.isLocal = isLocal
        self.client = client
        self.owner = owner
        self.statistics = statistics
    }

    /// Closes the connection because others need the memory of its response. The caller sees to it that
    /// the descriptor is still the connection's.
    func wasCutForMemory() {
        neverExpire()
        statistics.count(.slowReader)
        shutdown(descriptor, Int32(SHUT_RDWR))
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
