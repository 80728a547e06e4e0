internal import CLinux
internal import CMicroHTTPD
internal import Glibc
internal import Kernel
internal import Synchronization

/// State of a server that libmicrohttpd's threads share: routes, limits, canned responses, counters.
///
/// Each `did…` function is one callback of libmicrohttpd; `MicroHTTPDaemon` calls them.
final class ServerCore: Sendable {
    let name: String
    let limits: Limits
    /// One set per error format, the longest prefix first; the last one applies to all paths.
    private let constants: [CannedResponses]
    let statistics = Statistics()
    let connections: OpenConnections
    let deadlines: Deadlines
    /// What clients have not read yet, of this server and others.
    let held: HeldResponses
    /// Sent to connections beyond `Limits.connections` and `Limits.clientConnections`.
    private let tooManyConnections: [UInt8]
    private let tooManyOfClient: [UInt8]
    let log: RateLimitedLog
    let slots: ConnectionSlots
    let isDraining = Atomic<Bool>(false)
    /// Set while the server stops: no further request may be suspended, see `beginSuspension`.
    let isStopping = Atomic<Bool>(false)
    /// Signalled when the last request of a draining server has ended.
    let idleWakeup: EventFD
    private let router: Router
    private let bodies: BufferPool
    private let admit: (@Sendable (borrowing Request) -> Response?)?

    init(
        name: String, routes: [Route], limits: Limits, held: HeldResponses,
        errorFormats: [ErrorFormat],
        admit: (@Sendable (borrowing Request) -> Response?)?,
        log: @escaping @Sendable (String) -> Void
    ) throws(KernelError) {
        self.name = name
        self.limits = limits
        router = Router(routes)
        let allowed = router.allowed
        constants = (errorFormats.sorted { $0.prefix.utf8.count > $1.prefix.utf8.count } + [.plain])
            .map { CannedResponses($0, allowed: allowed, limits: limits, held: held) }
        self.admit = admit
        self.held = held
        tooManyConnections = CannedResponses.connectionRefusal(
            "too many connections: limit \(limits.connections)")
        tooManyOfClient = CannedResponses.connectionRefusal(
            "too many connections: limit \(limits.connections), \(limits.clientConnections) of one client"
        )
        connections = OpenConnections(limits: limits, statistics: statistics)
        deadlines = try Deadlines(connections, limits: limits, statistics: statistics)
        idleWakeup = try EventFD()
        slots = try ConnectionSlots(limits.connections + limits.connectionReserve)
        bodies = BufferPool(
            initialCapacity: min(limits.bodyBytes, 16384),
            keptBytes: min(limits.bodyBytes * 2, 1 << 20))
        self.log = RateLimitedLog(lines: limits.logLines, write: log)
    }

    /// The canned responses in the error format of the connection's path.
    func constants(for connection: Connection) -> CannedResponses {
        for candidate in constants.dropLast()
        where candidate.matches(for: connection.rawPath.bytes) {
            return candidate
        }
        return constants[constants.count - 1]
    }

    // MARK: Connections

    /// `client` is nil if libmicrohttpd has no internet address of the connection.
    func didOpen(_ descriptor: Int32, client address: ClientKey?) -> Connection {
        statistics.countAccepted()
        let client = limited(address, descriptor: descriptor)
        let connection = Connection(
            descriptor: descriptor, client: client,
            owner: client ?? ClientKey(process: 0, scope: limits.clientScope),
            isLocal: address == nil, statistics: statistics)
        expire(connection, in: limits.headerTimeout, reason: .headerTimeout)
        let (refusal, isFirst) = connections.add(connection)
        if let refusal {
            statistics.count(.connectionLimit)
            statistics.countAnswer(503)
            let text = refusal == .all ? tooManyConnections : tooManyOfClient
            _ = unsafe text.withUnsafeBytes {
                unsafe clinux_send_now(descriptor, $0.baseAddress, $0.count)
            }
            // Only the sending side: close(2) with unread bytes makes the kernel send RST, which
            // destroys the response before the client has read it.
            shutdown(descriptor, Int32(SHUT_WR))
            expire(connection, in: limits.refusalTimeout, reason: .connectionLimit)
        }
        deadlines.watch(connection, isFirst: isFirst)
        return connection
    }

    /// The client whose connections are limited.
    private func limited(_ address: ClientKey?, descriptor: Int32) -> ClientKey? {
        guard let address else {
            return ClientKey(
                process: clinux_peer_process(descriptor), scope: limits.clientScope)
        }
        return address.isLoopback && !limits.limitsLoopbackClients ? nil : address
    }

    func didClose(_ connection: Connection) {
        connections.remove(connection)
        end(connection)
        slots.release()
    }

    // MARK: Requests

    /// The request line is complete. Returns false for a connection that is refused anyway.
    func didReceiveTarget(_ connection: Connection, target: Span<UInt8>) -> Bool {
        if connection.isRefused { return false }
        if connection.phase == .idle {
            statistics.beginRequest()
            // On a new connection the header's deadline has run since accept.
            if Connection.unpack(connection.packedDeadline)?.reason != .headerTimeout {
                expire(connection, in: limits.headerTimeout, reason: .headerTimeout)
            }
        }
        connection.phase = .header
        connection.form = Target.parse(
            target, authority: &connection.authority, path: &connection.path,
            rawPath: &connection.rawPath, query: &connection.query)
        return true
    }

    /// The header is complete: decides how the request is answered.
    func didReceiveHead(
        _ connection: Connection, handle: OpaquePointer, method: Span<UInt8>,
        validator: RequestHeadValidator.Verdict
    ) -> MHD_Result {
        connection.phase = .body
        let constants = constants(for: connection)
        guard case .proceed(let framing, let expectsContinue) = validator,
            connection.form != .malformed
        else {
            statistics.count(.malformed)
            if case .refuse(let status) = validator {
                return unsafe queue(
                    constants.refusal(status), connection: connection, handle: handle)
            }
            return unsafe queue(
                constants.badRequest.close, connection: connection, handle: handle)
        }
        if isDraining.load(ordering: .relaxed) {
            statistics.count(.draining)
            return unsafe queue(
                constants.unavailable.close, connection: connection, handle: handle)
        }
        let known = Method(method)
        if let admit, let known {
            let request = unsafe Request(
                handle: handle, connection: connection, method: known)
            if let refusal = admit(request) {
                if expectsContinue {
                    return unsafe queue(refusal.core, connection: connection, handle: handle)
                }
                connection.decision = .constant(refusal.core)
            }
        }
        let refusal =
            connection.decision == nil ? route(connection, known: known, constants: constants) : nil
        if connection.form == .malformed {
            statistics.count(.malformed)
            return unsafe queue(
                constants.badRequest.close, connection: connection, handle: handle)
        }
        let isEncoded = unsafe isEncoded(handle)
        connection.bodyLimit = UInt64(limits.bodyBytes(isEncoded: isEncoded))
        if case .length(let length) = framing {
            connection.expectedBytes = length
            if length > connection.bodyLimit {
                let tooLarge = isEncoded ? constants.tooLargeEncoded : constants.tooLarge
                statistics.count(.bodyBytes)
                if expectsContinue || length > drainLimit(connection) {
                    return unsafe queue(tooLarge.close, connection: connection, handle: handle)
                }
                connection.decision = .constant(tooLarge.keepAlive)
            }
        }
        if let refusal, expectsContinue {
            return unsafe queue(refusal.close, connection: connection, handle: handle)
        }
        if framing != .empty { expire(connection, in: limits.bodyTimeout, reason: .bodyTimeout) }
        return .YES
    }

    /// Part of the body has arrived. Returns false when the connection must be closed at once.
    func didReceiveBody(_ connection: Connection, bytes: Span<UInt8>) -> Bool {
        let before = connection.receivedBytes
        connection.receivedBytes = before &+ UInt64(bytes.count)
        if connection.receivedBytes > drainLimit(connection) { return false }
        if connection.receivedBytes > connection.bodyLimit {
            if before <= connection.bodyLimit {
                releaseBody(connection)
                if case .route = connection.decision {
                    let constants = constants(for: connection)
                    let isEncoded = connection.bodyLimit < UInt64(limits.bodyBytes)
                    statistics.count(.bodyBytes)
                    connection.decision = .constant(
                        isEncoded
                            ? constants.tooLargeEncoded.keepAlive : constants.tooLarge.keepAlive)
                }
            }
        } else if case .route(_, let method) = connection.decision, method != .get, method != .head
        {
            if !limits.bodies.take(bytes.count) {
                releaseBody(connection)
                statistics.count(.inFlightBodyBytes)
                connection.decision = .constant(constants(for: connection).busy.keepAlive)
            } else {
                connection.countedBytes += bytes.count
                let expected = Int(clamping: min(connection.expectedBytes, connection.bodyLimit))
                connection.gather(bytes, of: expected, from: bodies)
            }
        }
        return true
    }

    private func releaseBody(_ connection: Connection) {
        limits.bodies.release(connection.countedBytes)
        connection.countedBytes = 0
        connection.releaseBody(to: bodies)
    }

    private func isEncoded(_ handle: OpaquePointer) -> Bool {
        unsafe MHD_lookup_connection_value(handle, .HEADER_KIND, "content-encoding") != nil
    }

    /// The request is complete: answers it, or suspends it for a handler that answers later.
    func didReceiveEnd(_ connection: Connection, handle: OpaquePointer) -> MHD_Result {
        // While its handler runs, the client keeps nothing waiting.
        connection.neverExpire()
        switch connection.decision.take() {
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
                    constants(for: connection).unavailable.close, connection: connection,
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
                constants.internalError.close, connection: connection, handle: handle)
        }
    }

    /// The suspended request has its response.
    func didResume(_ connection: Connection, handle: OpaquePointer) -> MHD_Result {
        let response = connection.answer.take() ?? constants(for: connection).internalError.close
        return unsafe send(response, connection: connection, handle: handle)
    }

    /// The response, or a 503 if clients have not read too many bytes of earlier ones.
    func admitted(_ response: ResponseCore, for connection: Connection) -> ResponseCore {
        guard let body = response.body, !held.hold(body, by: connection) else { return response }
        statistics.count(.heldResponses)
        return constants(for: connection).heldResponses.close
    }

    /// The request has ended; `normally` if a response was sent in full.
    func didComplete(_ connection: Connection, normally: Bool) {
        if normally, connection.phase == .header || connection.phase == .body {
            // libmicrohttpd has rejected it before any handler was called.
            statistics.count(.malformed)
        }
        // Before the request counts as ended: then it is known since when the connection is idle.
        expire(connection, in: limits.idleTimeout, reason: .idleTimeout)
        end(connection)
    }

    private func end(_ connection: Connection) {
        held.release(connection)
        if connection.phase == .idle { return }
        connection.phase = .idle
        connection.decision = nil
        connection.answer = nil
        connection.receivedBytes = 0
        connection.expectedBytes = 0
        connection.body.removeAll()
        releaseBody(connection)
        if statistics.endRequest() == 0, isDraining.load(ordering: .sequentiallyConsistent) {
            idleWakeup.signal()
        }
    }

    /// Sets the connection's decision; returns the response when it is an error.
    private func route(
        _ connection: Connection, known: Method?, constants: CannedResponses
    ) -> CannedResponses.CannedResponse? {
        let isAmbiguous = connection.form == .ambiguous
        let refusal: CannedResponses.CannedResponse
        switch router.match(connection.path.bytes, isAmbiguous: isAmbiguous, method: known) {
        case .route(let handler, let method):
            connection.decision = .route(handler, method)
            return nil
        case .nothing:
            if isAmbiguous { connection.form = .malformed }
            refusal = constants.notFound
        case .wrongMethod(let index): refusal = constants.wrongMethod[index]
        }
        connection.decision = .constant(refusal.keepAlive)
        return refusal
    }

    private func queue(
        _ response: ResponseCore, connection: Connection, handle: OpaquePointer
    ) -> MHD_Result {
        unsafe send(admitted(response, for: connection), connection: connection, handle: handle)
    }

    /// Queues a response that is counted.
    private func send(
        _ response: ResponseCore, connection: Connection, handle: OpaquePointer
    ) -> MHD_Result {
        connection.phase = .answered
        expire(connection, in: limits.writeTimeout, reason: .writeTimeout)
        statistics.countAnswer(response.status)
        return unsafe response.queue(on: handle)
    }

    private func drainLimit(_ connection: Connection) -> UInt64 {
        let (bytes, overflow) = connection.bodyLimit
            .multipliedReportingOverflow(by: UInt64(limits.drainFactor))
        return overflow ? .max : bytes
    }

    private func expire(_ connection: Connection, in time: Duration, reason: RefusalReason) {
        connection.expire(at: Clock.monotonicNanoseconds &+ time.nanoseconds, reason: reason)
    }
}
