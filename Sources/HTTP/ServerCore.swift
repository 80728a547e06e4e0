internal import CLinux
internal import CMicroHTTPD
internal import Glibc
internal import Kernel
internal import Synchronization

/// What libmicrohttpd's threads work with: routes, limits, constant answers, counters.
///
/// Each function here is one of libmicrohttpd's hooks in Swift's words; `MicroHTTPDaemon` calls them.
final class ServerCore: Sendable {
    let name: String
    let limits: Limits
    /// By voice, the most particular first; the last one is for all paths.
    private let constants: [CannedResponses]
    let statistics = Statistics()
    let deadlines: Deadlines
    let log: RateLimitedLog
    let slots: ConnectionSlots
    let isDraining = Atomic<Bool>(false)
    /// Nobody suspends a request from now on.
    let isStopping = Atomic<Bool>(false)
    /// Rings when the last request of a draining server has ended.
    let idleBell: EventFD
    private let router: Router
    private let bodies: BufferPool
    /// Bytes of bodies that are in memory.
    private let flight = Atomic<Int>(0)
    private let admit: (@Sendable (borrowing Request) -> Response?)?

    init(
        name: String, routes: [Route], limits: Limits, voices: [ErrorFormat],
        admit: (@Sendable (borrowing Request) -> Response?)?,
        log: @escaping @Sendable (String) -> Void
    ) throws(KernelError) {
        self.name = name
        self.limits = limits
        router = Router(routes)
        let allowed = router.allowed
        constants = (voices.sorted { $0.prefix.utf8.count > $1.prefix.utf8.count } + [.plain])
            .map { CannedResponses($0, allowed: allowed, limits: limits) }
        self.admit = admit
        deadlines = try Deadlines(limits: limits, statistics: statistics)
        idleBell = try EventFD()
        slots = try ConnectionSlots(limits.connections + limits.connectionReserve)
        bodies = BufferPool(
            initialCapacity: min(limits.bodyBytes, 16384),
            keptBytes: min(limits.bodyBytes * 2, 1 << 20))
        self.log = RateLimitedLog(lines: limits.logLines, write: log)
    }

    /// The answers in the words of the exchange's path.
    func constants(for connection: Connection) -> CannedResponses {
        for errorFormat in constants.dropLast()
        where errorFormat.isMeant(for: connection.rawPath.bytes) {
            return errorFormat
        }
        return constants[constants.count - 1]
    }

    // MARK: Connections

    func connectionOpened(_ descriptor: Int32) -> Connection {
        statistics.countAccepted()
        let isServed = statistics.openConnection(limit: limits.connections)
        let connection = Connection(descriptor: descriptor, isRefused: !isServed)
        if isServed {
            expire(connection, in: limits.headerTimeout, reason: .headerTimeout)
        } else {
            statistics.count(.connectionLimit)
            statistics.countAnswer(503)
            let text = CannedResponses.connectionLimit
            _ = unsafe clinux_send_now(descriptor, text.utf8Start, text.utf8CodeUnitCount)
            // Only this half: closing on bytes not yet read would destroy the answer on its way.
            shutdown(descriptor, Int32(SHUT_WR))
            expire(connection, in: limits.refusalTimeout, reason: .connectionLimit)
        }
        deadlines.watch(connection)
        return connection
    }

    func connectionClosed(_ connection: Connection) {
        deadlines.forget(connection)
        end(connection)
        slots.giveBack()
        if !connection.isRefused { statistics.closeConnection() }
    }

    // MARK: Requests

    /// The request line has come. Returns whether the request is looked at any further.
    func requestBegan(_ connection: Connection, target: Span<UInt8>) -> Bool {
        if connection.isRefused { return false }
        if connection.phase == .idle {
            statistics.beginRequest()
            // On a new connection the time runs since it was accepted.
            if Connection.unpack(connection.packedDeadline)?.reason != .headerTimeout {
                expire(connection, in: limits.headerTimeout, reason: .headerTimeout)
            }
        }
        connection.phase = .header
        connection.shape = Target.parse(
            target, path: &connection.path, rawPath: &connection.rawPath, query: &connection.query)
        return true
    }

    /// The header has come: decides what the request leads to.
    func headerCame(
        _ connection: Connection, handle: OpaquePointer, method: Span<UInt8>,
        validator: RequestHeadValidator.Verdict
    ) -> MHD_Result {
        connection.phase = .body
        let constants = constants(for: connection)
        guard case .proceed(let framing, let expectsContinue) = validator,
            connection.shape != .malformed
        else {
            statistics.count(.malformed)
            if case .refuse(let status) = validator {
                return unsafe queue(
                    constants.refusal(status), connection: connection, handle: handle)
            }
            return unsafe queue(
                constants.badRequest.closing, connection: connection, handle: handle)
        }
        if isDraining.load(ordering: .relaxed) {
            statistics.count(.draining)
            return unsafe queue(
                constants.unavailable.closing, connection: connection, handle: handle)
        }
        let known = Method(method)
        if let admit, let known {
            let request = unsafe Request(
                handle: handle, connection: connection, method: known)
            if let refusal = admit(request) {
                if expectsContinue {
                    return unsafe queue(refusal.core, connection: connection, handle: handle)
                }
                connection.plan = .constant(refusal.core)
            }
        }
        let refusal =
            connection.plan == nil ? route(connection, known: known, constants: constants) : nil
        if connection.shape == .malformed {
            statistics.count(.malformed)
            return unsafe queue(
                constants.badRequest.closing, connection: connection, handle: handle)
        }
        let isEncoded = unsafe isEncoded(handle)
        connection.bodyLimit = UInt64(limits.bodyBytes(isEncoded: isEncoded))
        if case .length(let length) = framing {
            connection.expectedBytes = length
            if length > connection.bodyLimit {
                let tooLarge = isEncoded ? constants.tooLargeEncoded : constants.tooLarge
                statistics.count(.bodyBytes)
                if expectsContinue || length > swallowedBytes(connection) {
                    return unsafe queue(tooLarge.closing, connection: connection, handle: handle)
                }
                connection.plan = .constant(tooLarge.staying)
            }
        }
        if let refusal, expectsContinue {
            return unsafe queue(refusal.closing, connection: connection, handle: handle)
        }
        if framing != .empty { expire(connection, in: limits.bodyTimeout, reason: .bodyTimeout) }
        return .YES
    }

    /// Some of the body has come. Returns false when the connection has to end at once.
    func bodyCame(_ connection: Connection, bytes: Span<UInt8>) -> Bool {
        let before = connection.receivedBytes
        connection.receivedBytes = before &+ UInt64(bytes.count)
        if connection.receivedBytes > swallowedBytes(connection) { return false }
        if connection.receivedBytes > connection.bodyLimit {
            if before <= connection.bodyLimit {
                releaseBody(connection)
                if case .route = connection.plan {
                    let constants = constants(for: connection)
                    let isEncoded = connection.bodyLimit < UInt64(limits.bodyBytes)
                    statistics.count(.bodyBytes)
                    connection.plan = .constant(
                        isEncoded ? constants.tooLargeEncoded.staying : constants.tooLarge.staying)
                }
            }
        } else if case .route(_, let method) = connection.plan, method != .get, method != .head {
            let inFlight = flight.wrappingAdd(bytes.count, ordering: .relaxed).newValue
            connection.countedBytes += bytes.count
            if inFlight > limits.flightBytes {
                releaseBody(connection)
                statistics.count(.flightBytes)
                connection.plan = .constant(constants(for: connection).busy.staying)
            } else {
                let expected = Int(clamping: min(connection.expectedBytes, connection.bodyLimit))
                connection.gather(bytes, of: expected, from: bodies)
            }
        }
        return true
    }

    private func releaseBody(_ connection: Connection) {
        flight.wrappingSubtract(connection.countedBytes, ordering: .relaxed)
        connection.countedBytes = 0
        connection.releaseBody(to: bodies)
    }

    private func isEncoded(_ handle: OpaquePointer) -> Bool {
        unsafe MHD_lookup_connection_value(handle, .HEADER_KIND, "content-encoding") != nil
    }

    /// The whole request has come: answers it or leaves it to whoever will.
    func requestCame(_ connection: Connection, handle: OpaquePointer) -> MHD_Result {
        switch connection.plan.take() {
        case .constant(let response):
            return unsafe queue(response, connection: connection, handle: handle)
        case .route(.constant(let constant), _):
            return unsafe queue(constant.response.core, connection: connection, handle: handle)
        case .route(.answer(let answer), let method):
            connection.padBody()
            let request = unsafe Request(
                handle: handle, connection: connection, method: method)
            let response = answer(request)
            return unsafe queue(response.core, connection: connection, handle: handle)
        case .route(.suspend(let handler), let method):
            statistics.beginSuspension()
            if isStopping.load(ordering: .sequentiallyConsistent) {
                statistics.endSuspension()
                statistics.count(.draining)
                return unsafe queue(
                    constants(for: connection).unavailable.closing, connection: connection,
                    handle: handle)
            }
            connection.padBody()
            connection.phase = .pending
            connection.neverExpire()
            unsafe MHD_suspend_connection(handle)
            let request = unsafe Request(
                handle: handle, connection: connection, method: method)
            handler(
                request,
                unsafe PendingResponse(handle: handle, connection: connection, core: self))
            return .YES
        case nil:
            let constants = constants(for: connection)
            return unsafe queue(
                constants.internalError.closing, connection: connection, handle: handle)
        }
    }

    /// The connection goes on after its request was suspended.
    func requestResumed(_ connection: Connection, handle: OpaquePointer) -> MHD_Result {
        let response = connection.answer.take() ?? constants(for: connection).internalError.closing
        return unsafe queue(response, connection: connection, handle: handle)
    }

    /// The request has ended in one way or another; `normally` when an answer was sent.
    func requestEnded(_ connection: Connection, normally: Bool) {
        if normally, connection.phase == .header || connection.phase == .body {
            // libmicrohttpd has refused it without asking us.
            statistics.count(.malformed)
        }
        end(connection)
        expire(connection, in: limits.idleTimeout, reason: .idleTimeout)
    }

    private func end(_ connection: Connection) {
        if connection.phase == .idle { return }
        connection.phase = .idle
        connection.plan = nil
        connection.answer = nil
        connection.receivedBytes = 0
        connection.expectedBytes = 0
        connection.body.removeAll()
        releaseBody(connection)
        if statistics.endRequest() == 0, isDraining.load(ordering: .sequentiallyConsistent) {
            idleBell.ring()
        }
    }

    /// Plans the answer; returns it when it is a refusal.
    private func route(
        _ connection: Connection, known: Method?, constants: CannedResponses
    ) -> CannedResponses.CannedResponse? {
        let isAmbiguous = connection.shape == .ambiguous
        let refusal: CannedResponses.CannedResponse
        switch router.match(connection.path.bytes, isAmbiguous: isAmbiguous, method: known) {
        case .route(let handler, let method):
            connection.plan = .route(handler, method)
            return nil
        case .nothing:
            if isAmbiguous { connection.shape = .malformed }
            refusal = constants.notFound
        case .wrongMethod(let index): refusal = constants.wrongMethod[index]
        }
        connection.plan = .constant(refusal.staying)
        return refusal
    }

    private func queue(
        _ response: ResponseCore, connection: Connection, handle: OpaquePointer
    ) -> MHD_Result {
        connection.phase = .answered
        expire(connection, in: limits.writeTimeout, reason: .writeTimeout)
        statistics.countAnswer(response.status)
        return unsafe response.queue(on: handle)
    }

    private func swallowedBytes(_ connection: Connection) -> UInt64 {
        let (bytes, overflow) = connection.bodyLimit
            .multipliedReportingOverflow(by: UInt64(limits.swallowFactor))
        return overflow ? .max : bytes
    }

    private func expire(_ connection: Connection, in time: Duration, reason: RefusalReason) {
        connection.expire(at: Clock.monotonicNanoseconds &+ time.nanoseconds, reason: reason)
    }
}
