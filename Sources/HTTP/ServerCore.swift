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
    let places: ConnectionSlots
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
        places = try ConnectionSlots(limits.connections + limits.connectionReserve)
        bodies = BufferPool(
            initialCapacity: min(limits.bodyBytes, 16384),
            keptBytes: min(limits.bodyBytes * 2, 1 << 20))
        self.log = RateLimitedLog(lines: limits.logLines, write: log)
    }

    /// The answers in the words of the exchange's path.
    func constants(for exchange: Connection) -> CannedResponses {
        for voice in constants.dropLast() where voice.isMeant(for: exchange.rawPath.bytes) {
            return voice
        }
        return constants[constants.count - 1]
    }

    // MARK: Connections

    func connectionOpened(_ descriptor: Int32) -> Connection {
        statistics.countAccepted()
        let isServed = statistics.openConnection(limit: limits.connections)
        let exchange = Connection(descriptor: descriptor, isRefused: !isServed)
        if isServed {
            expire(exchange, in: limits.headerTimeout, .headerTimeout)
        } else {
            statistics.count(.connectionLimit)
            statistics.countAnswer(503)
            let text = CannedResponses.connectionLimit
            _ = unsafe clinux_send_now(descriptor, text.utf8Start, text.utf8CodeUnitCount)
            // Only this half: closing on bytes not yet read would destroy the answer on its way.
            shutdown(descriptor, Int32(SHUT_WR))
            expire(exchange, in: limits.refusalTimeout, .connectionLimit)
        }
        deadlines.watch(exchange)
        return exchange
    }

    func connectionClosed(_ exchange: Connection) {
        deadlines.forget(exchange)
        end(exchange)
        places.giveBack()
        if !exchange.isRefused { statistics.closeConnection() }
    }

    // MARK: Requests

    /// The request line has come. Returns whether the request is looked at any further.
    func requestBegan(_ exchange: Connection, target: Span<UInt8>) -> Bool {
        if exchange.isRefused { return false }
        if exchange.phase == .idle {
            statistics.beginRequest()
            // On a new connection the time runs since it was accepted.
            if Connection.unpack(exchange.packedDeadline)?.reason != .headerTimeout {
                expire(exchange, in: limits.headerTimeout, .headerTimeout)
            }
        }
        exchange.phase = .header
        exchange.shape = Target.parse(
            target, path: &exchange.path, rawPath: &exchange.rawPath, query: &exchange.query)
        return true
    }

    /// The header has come: decides what the request leads to.
    func headerCame(
        _ exchange: Connection, _ connection: OpaquePointer, method: Span<UInt8>,
        gate: RequestHeadValidator.Verdict
    ) -> MHD_Result {
        exchange.phase = .body
        let constants = constants(for: exchange)
        guard case .proceed(let framing, let expectsContinue) = gate,
            exchange.shape != .malformed
        else {
            statistics.count(.malformed)
            if case .refuse(let status) = gate {
                return unsafe queue(constants.refusal(status), exchange, connection)
            }
            return unsafe queue(constants.badRequest.closing, exchange, connection)
        }
        if isDraining.load(ordering: .relaxed) {
            statistics.count(.draining)
            return unsafe queue(constants.unavailable.closing, exchange, connection)
        }
        let known = Method(method)
        if let admit, let known {
            let request = unsafe Request(
                connection: connection, exchange: exchange, method: known)
            if let refusal = admit(request) {
                if expectsContinue {
                    return unsafe queue(refusal.core, exchange, connection)
                }
                exchange.plan = .constant(refusal.core)
            }
        }
        let refusal = exchange.plan == nil ? route(exchange, known, constants) : nil
        if exchange.shape == .malformed {
            statistics.count(.malformed)
            return unsafe queue(constants.badRequest.closing, exchange, connection)
        }
        let isEncoded = unsafe isEncoded(connection)
        exchange.bodyLimit = UInt64(limits.bodyBytes(isEncoded: isEncoded))
        if case .length(let length) = framing {
            exchange.expectedBytes = length
            if length > exchange.bodyLimit {
                let tooLarge = isEncoded ? constants.tooLargeEncoded : constants.tooLarge
                statistics.count(.bodyBytes)
                if expectsContinue || length > swallowedBytes(exchange) {
                    return unsafe queue(tooLarge.closing, exchange, connection)
                }
                exchange.plan = .constant(tooLarge.staying)
            }
        }
        if let refusal, expectsContinue {
            return unsafe queue(refusal.closing, exchange, connection)
        }
        if framing != .empty { expire(exchange, in: limits.bodyTimeout, .bodyTimeout) }
        return .YES
    }

    /// Some of the body has come. Returns false when the connection has to end at once.
    func bodyCame(_ exchange: Connection, _ bytes: Span<UInt8>) -> Bool {
        let before = exchange.receivedBytes
        exchange.receivedBytes = before &+ UInt64(bytes.count)
        if exchange.receivedBytes > swallowedBytes(exchange) { return false }
        if exchange.receivedBytes > exchange.bodyLimit {
            if before <= exchange.bodyLimit {
                releaseBody(exchange)
                if case .route = exchange.plan {
                    let constants = constants(for: exchange)
                    let isEncoded = exchange.bodyLimit < UInt64(limits.bodyBytes)
                    statistics.count(.bodyBytes)
                    exchange.plan = .constant(
                        isEncoded ? constants.tooLargeEncoded.staying : constants.tooLarge.staying)
                }
            }
        } else if case .route(_, let method) = exchange.plan, method != .get, method != .head {
            let inFlight = flight.wrappingAdd(bytes.count, ordering: .relaxed).newValue
            exchange.countedBytes += bytes.count
            if inFlight > limits.flightBytes {
                releaseBody(exchange)
                statistics.count(.flightBytes)
                exchange.plan = .constant(constants(for: exchange).busy.staying)
            } else {
                let expected = Int(clamping: min(exchange.expectedBytes, exchange.bodyLimit))
                exchange.gather(bytes, of: expected, from: bodies)
            }
        }
        return true
    }

    private func releaseBody(_ exchange: Connection) {
        flight.wrappingSubtract(exchange.countedBytes, ordering: .relaxed)
        exchange.countedBytes = 0
        exchange.releaseBody(to: bodies)
    }

    private func isEncoded(_ connection: OpaquePointer) -> Bool {
        unsafe MHD_lookup_connection_value(connection, .HEADER_KIND, "content-encoding") != nil
    }

    /// The whole request has come: answers it or leaves it to whoever will.
    func requestCame(_ exchange: Connection, _ connection: OpaquePointer) -> MHD_Result {
        switch exchange.plan.take() {
        case .constant(let response):
            return unsafe queue(response, exchange, connection)
        case .route(.constant(let constant), _):
            return unsafe queue(constant.response.core, exchange, connection)
        case .route(.answer(let answer), let method):
            exchange.padBody()
            let request = unsafe Request(
                connection: connection, exchange: exchange, method: method)
            let response = answer(request)
            return unsafe queue(response.core, exchange, connection)
        case .route(.suspend(let handler), let method):
            statistics.beginSuspension()
            if isStopping.load(ordering: .sequentiallyConsistent) {
                statistics.endSuspension()
                statistics.count(.draining)
                return unsafe queue(
                    constants(for: exchange).unavailable.closing, exchange, connection)
            }
            exchange.padBody()
            exchange.phase = .suspended
            exchange.neverExpire()
            unsafe MHD_suspend_connection(connection)
            let request = unsafe Request(
                connection: connection, exchange: exchange, method: method)
            handler(
                request,
                unsafe PendingResponse(connection: connection, exchange: exchange, core: self))
            return .YES
        case nil:
            let constants = constants(for: exchange)
            return unsafe queue(constants.internalError.closing, exchange, connection)
        }
    }

    /// The connection goes on after its request was suspended.
    func requestResumed(_ exchange: Connection, _ connection: OpaquePointer) -> MHD_Result {
        let response = exchange.answer.take() ?? constants(for: exchange).internalError.closing
        return unsafe queue(response, exchange, connection)
    }

    /// The request has ended in one way or another; `normally` when an answer was sent.
    func requestEnded(_ exchange: Connection, normally: Bool) {
        if normally, exchange.phase == .header || exchange.phase == .body {
            // libmicrohttpd has refused it without asking us.
            statistics.count(.malformed)
        }
        end(exchange)
        expire(exchange, in: limits.idleTimeout, .idleTimeout)
    }

    private func end(_ exchange: Connection) {
        if exchange.phase == .idle { return }
        exchange.phase = .idle
        exchange.plan = nil
        exchange.answer = nil
        exchange.receivedBytes = 0
        exchange.expectedBytes = 0
        exchange.body.removeAll()
        releaseBody(exchange)
        if statistics.endRequest() == 0, isDraining.load(ordering: .sequentiallyConsistent) {
            idleBell.ring()
        }
    }

    /// Plans the answer; returns it when it is a refusal.
    private func route(
        _ exchange: Connection, _ known: Method?, _ constants: CannedResponses
    ) -> CannedResponses.CannedResponse? {
        let isAmbiguous = exchange.shape == .ambiguous
        let refusal: CannedResponses.CannedResponse
        switch router.match(exchange.path.bytes, isAmbiguous: isAmbiguous, known) {
        case .route(let handler, let method):
            exchange.plan = .route(handler, method)
            return nil
        case .nothing:
            if isAmbiguous { exchange.shape = .malformed }
            refusal = constants.notFound
        case .wrongMethod(let index): refusal = constants.wrongMethod[index]
        }
        exchange.plan = .constant(refusal.staying)
        return refusal
    }

    private func queue(
        _ response: ResponseCore, _ exchange: Connection, _ connection: OpaquePointer
    ) -> MHD_Result {
        exchange.phase = .answered
        expire(exchange, in: limits.writeTimeout, .writeTimeout)
        statistics.countAnswer(response.status)
        return unsafe response.queue(on: connection)
    }

    private func swallowedBytes(_ exchange: Connection) -> UInt64 {
        let (bytes, overflow) = exchange.bodyLimit
            .multipliedReportingOverflow(by: UInt64(limits.swallowFactor))
        return overflow ? .max : bytes
    }

    private func expire(_ exchange: Connection, in time: Duration, _ reason: RefusalReason) {
        exchange.expire(at: Clock.monotonicNanoseconds &+ time.nanoseconds, reason)
    }
}
