internal import CMicroHTTPD
internal import Glibc
internal import Kernel

/// A daemon of libmicrohttpd: threads that serve the connections given to them. It must be stopped.
///
/// It has no listening socket. MHD_quiesce_daemon of 0.9.75 takes that socket out of a worker's
/// epoll set without asking whether the worker has just done so, and then aborts the process; and
/// MHD_stop_daemon alone would shut down a socket that others share.
@safe
struct MicroHTTPDaemon: @unchecked Sendable {
    // libmicrohttpd locks what connections are added to; the Server's lock guards who stops.
    private let daemon: OpaquePointer
    // libmicrohttpd has their addresses until it is stopped.
    private let core: ServerCore
    private let logger: DaemonLogger

    init(core: ServerCore) throws(KernelError) {
        let limits = core.limits
        let logger = DaemonLogger(core)
        var plan = unsafe mhd_plan()
        unsafe plan.worker_threads = UInt32(clamping: limits.workerThreads)
        // Never met: Places counts. libmicrohttpd divides its limit among its threads and lets a
        // connection go a little later than it tells us.
        unsafe plan.connection_limit = UInt32(
            clamping: (limits.connections + limits.connectionReserve) * 2 + 64)
        unsafe plan.connection_memory_bytes = limits.connectionMemoryBytes
        unsafe plan.logger = logger.address
        unsafe plan.context = Unmanaged.passUnretained(core).toOpaque()
        unsafe plan.answer = answer
        unsafe plan.completed = completed
        unsafe plan.connection = connectionChanged
        unsafe plan.target = targetCame
        errno = 0
        guard let daemon = unsafe mhd_start(&plan) else {
            throw KernelError(errno == 0 ? EINVAL : errno, subject: "http server \(core.name)")
        }
        unsafe self.daemon = daemon
        self.core = core
        self.logger = logger
    }

    /// Hands a connection over, which is closed in any case. Returns whether it is served.
    func serve(_ descriptor: Int32, peer: inout sockaddr_in6, length: socklen_t) -> Bool {
        unsafe withUnsafeBytes(of: &peer) { bytes in
            let address = unsafe bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            return unsafe MHD_add_connection(daemon, descriptor, address, length) == .YES
        }
    }

    /// Ends all connections and threads. Once only, and not while a request is suspended.
    func stop() {
        unsafe MHD_stop_daemon(daemon)
    }
}

/// Where a daemon sends its messages: C memory at an address that stays.
@safe
private final class DaemonLogger: @unchecked Sendable {
    // Nobody writes after the initialiser.
    fileprivate let address: UnsafeMutablePointer<mhd_logger>

    /// `core` must outlive it.
    init(_ core: ServerCore) {
        unsafe address = UnsafeMutablePointer<mhd_logger>.allocate(capacity: 1)
        let context = unsafe Unmanaged.passUnretained(core).toOpaque()
        unsafe address.initialize(to: mhd_logger(write: logCame, context: context))
    }

    deinit {
        unsafe address.deallocate()
    }
}

// MARK: libmicrohttpd's hooks

private func core(_ context: UnsafeMutableRawPointer) -> ServerCore {
    unsafe Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
}

private func connection(_ context: UnsafeMutableRawPointer) -> Connection {
    unsafe Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
}

private func bytes(_ text: UnsafePointer<CChar>?) -> UnsafeRawBufferPointer {
    guard let text = unsafe text else { return unsafe .init(start: nil, count: 0) }
    return unsafe UnsafeRawBufferPointer(start: text, count: strlen(text))
}

private func logCame(
    _ context: UnsafeMutableRawPointer?, text: UnsafePointer<CChar>?, length: Int
) {
    guard let context = unsafe context, let text = unsafe text else { return }
    let message = unsafe UnsafeRawBufferPointer(start: text, count: length)
    unsafe core(context).log.pass(Span(_unsafeBytes: message))
}

private func connectionChanged(
    _ context: UnsafeMutableRawPointer?, handle: OpaquePointer?,
    slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, event: MHD_ConnectionNotificationCode
) {
    guard let context = unsafe context, let slot = unsafe slot else { return }
    let core = unsafe core(context)
    if event == .CONNECTION_NOTIFY_STARTED {
        let opened = core.connectionOpened(unsafe mhd_socket(handle))
        unsafe slot.pointee = Unmanaged.passRetained(opened).toOpaque()
    } else if let kept = unsafe slot.pointee {
        unsafe slot.pointee = nil
        core.connectionClosed(unsafe Unmanaged<Connection>.fromOpaque(kept).takeRetainedValue())
    }
}

private func targetCame(
    _ context: UnsafeMutableRawPointer?, target: UnsafePointer<CChar>?,
    handle: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context, let kept = unsafe mhd_socket_context(handle) else {
        return nil
    }
    let isOurs = unsafe core(context).requestBegan(
        connection(kept), target: Span(_unsafeBytes: bytes(target)))
    return unsafe isOurs ? kept : nil
}

private func answer(
    _ context: UnsafeMutableRawPointer?, handle: OpaquePointer?,
    path: UnsafePointer<CChar>?, method: UnsafePointer<CChar>?,
    version: UnsafePointer<CChar>?, upload: UnsafePointer<CChar>?,
    uploadCount: UnsafeMutablePointer<Int>?,
    slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context = unsafe context, let handle = unsafe handle,
        let uploadCount = unsafe uploadCount, let kept = unsafe slot?.pointee
    else { return .NO }
    let core = unsafe core(context)
    let connection = unsafe connection(kept)
    switch connection.phase {
    case .header:
        let method = unsafe bytes(method)
        var validator = RequestHeadValidator()
        unsafe MHD_get_connection_values_n(handle, .HEADER_KIND, headerCame, &validator)
        let outcome = unsafe validator.outcome(
            method: Span(_unsafeBytes: method), version: Span(_unsafeBytes: bytes(version)))
        return unsafe core.headerCame(
            connection, handle: handle, method: Span(_unsafeBytes: method), validator: outcome)
    case .body:
        if unsafe uploadCount.pointee == 0 {
            return unsafe core.requestCame(connection, handle: handle)
        }
        let came = unsafe UnsafeRawBufferPointer(start: upload, count: uploadCount.pointee)
        unsafe uploadCount.pointee = 0
        return unsafe core.bodyCame(connection, bytes: Span(_unsafeBytes: came)) ? .YES : .NO
    case .pending:
        return unsafe core.requestResumed(connection, handle: handle)
    case .idle, .answered:
        return .NO
    }
}

private func headerCame(
    _ context: UnsafeMutableRawPointer?, kind: MHD_ValueKind, name: UnsafePointer<CChar>?,
    nameCount: Int, value: UnsafePointer<CChar>?, valueCount: Int
) -> MHD_Result {
    guard let validator = unsafe context?.assumingMemoryBound(to: RequestHeadValidator.self) else {
        return .NO
    }
    if unsafe isFolded(name, nameCount: nameCount, value: value) {
        unsafe validator.pointee.seeFolding()
    }
    let name = unsafe UnsafeRawBufferPointer(start: name, count: name == nil ? 0 : nameCount)
    let value = unsafe UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : valueCount)
    unsafe validator.pointee.see(Span(_unsafeBytes: name), value: Span(_unsafeBytes: value))
    return .YES
}

/// Whether a header's value does not follow its name, as it does in the client's bytes.
///
/// libmicrohttpd 0.9.75 joins a folded line to the header's name instead of its value, in other
/// memory: `Content-Length: 3` with a second line ` 9` becomes a header `Content-Length9`, and
/// the body a request.
private func isFolded(
    _ name: UnsafePointer<CChar>?, nameCount: Int, value: UnsafePointer<CChar>?
) -> Bool {
    guard let name = unsafe name, let value = unsafe value else { return false }
    let behindColon = UInt(bitPattern: name) &+ UInt(bitPattern: nameCount) &+ 1
    let start = UInt(bitPattern: value)
    if start < behindColon { return true }
    for index in 0..<Int(bitPattern: start &- behindColon) {
        let byte = unsafe name[nameCount + 1 + index]
        if byte != 0x20 && byte != 0x09 { return true }
    }
    return false
}

private func completed(
    _ context: UnsafeMutableRawPointer?, handle: OpaquePointer?,
    slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, end: MHD_RequestTerminationCode
) {
    guard let context = unsafe context, let kept = unsafe slot?.pointee else { return }
    unsafe core(context).requestEnded(
        connection(kept), normally: end == .REQUEST_TERMINATED_COMPLETED_OK)
    unsafe slot?.pointee = nil
}
