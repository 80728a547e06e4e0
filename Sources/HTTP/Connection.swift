internal import CLinux
internal import Glibc
internal import Kernel
internal import Synchronization

/// One connection and the request that is on it: kept for the connection's life, so that a further
/// request allocates nothing.
final class Connection: @unchecked Sendable {
    // Everything but the deadline belongs to the connection's own thread. While the connection is
    // suspended, `answer` belongs to whoever holds the Suspended; libmicrohttpd's lock in resume
    // hands it over. `seen…` and `place` belong to the lock of `Deadlines`.

    /// Where the request on the connection stands.
    enum Phase {
        /// Between requests.
        case idle
        /// The request line has come.
        case header
        /// The header has come: the body is gathered or swallowed.
        case body
        case pending
        case answered
    }

    /// What the header led to.
    enum RouteDecision {
        case route(Route.Handler, Method)
        case constant(ResponseCore)
    }

    let descriptor: Int32
    /// Whether the connection is beyond the limit and only there to be told so.
    let isRefused: Bool
    var phase = Phase.idle
    var plan: RouteDecision?
    var answer: ResponseCore?
    var shape = Target.Shape.malformed
    var path = Buffer(capacity: 128)
    var rawPath = Buffer(capacity: 128)
    var query = Buffer(capacity: 128)
    var body = Buffer(capacity: 16)
    /// The small buffer while `body` is one of the pool.
    private var spare: Buffer?
    var receivedBytes: UInt64 = 0
    /// The body's length when the client has told it, else 0.
    var expectedBytes: UInt64 = 0
    /// How many bytes of body the request may have.
    var bodyLimit: UInt64 = 0
    /// Bytes of `body` that the server has counted among those in flight.
    var countedBytes = 0
    /// What a handler keeps for the connection.
    var attachment: (any AnyObject & Sendable)?

    /// When the connection is cut and why: nanoseconds above, the refusal in the four lowest
    /// bits; 0 for never.
    private let due = Atomic<UInt64>(0)
    var place = 0
    var seenDue: UInt64 = 0
    var seenBytes: Int64 = 0

    init(descriptor: Int32, isRefused: Bool) {
        self.descriptor = descriptor
        self.isRefused = isRefused
    }

    /// `expected` is the body's length when the client has told it.
    func gather(_ bytes: Span<UInt8>, of expected: Int, from pool: BufferPool) {
        if spare == nil {
            var roomy = pool.take()
            swap(&roomy, &body)
            spare = consume roomy
            body.reserve(expected + Request.bodyPadding)
        }
        body.append(bytes)
    }

    /// Makes the bytes behind the body readable.
    func padBody() {
        if body.count > 0 { body.reserve(Request.bodyPadding) }
    }

    func releaseBody(to pool: BufferPool) {
        guard var small = spare.take() else { return }
        swap(&small, &body)
        pool.giveBack(small)
    }

    // MARK: The deadline

    func expire(at nanoseconds: UInt64, reason: RefusalReason) {
        due.store(Connection.pack(nanoseconds, reason: reason), ordering: .relaxed)
    }

    func neverExpire() {
        due.store(0, ordering: .relaxed)
    }

    /// The packed deadline, which also tells one wait of the connection from another.
    var packedDeadline: UInt64 { due.load(ordering: .relaxed) }

    /// Replaces the deadline unless the connection has gone on meanwhile.
    func replaceDeadline(_ old: UInt64, by nanoseconds: UInt64, reason: RefusalReason) {
        _ = due.compareExchange(
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
