internal import CMicroHTTPD
internal import Glibc
internal import Kernel

/// A daemon of libmicrohttpd: the threads that serve the connections passed to it. It must be
/// stopped with `stop`.
///
/// It has no listening socket. MHD_quiesce_daemon of 0.9.75 removes that socket from a worker's epoll
/// set without checking whether the worker has just done so, and then aborts the process;
/// MHD_stop_daemon alone would shut down a socket that is shared with other processes.
@safe
struct MicroHTTPDaemon: @unchecked Sendable {
    // libmicrohttpd locks its list of connections; the lock of `Server` serialises `stop`.
    private let daemon: OpaquePointer
    // libmicrohttpd keeps pointers to both until `stop`.
    private let core: ServerCore
    private let logger: DaemonLogger

    init(core: ServerCore) throws(KernelError) {
        let limits = core.limits
        let logger = DaemonLogger(core)
        var configuration = unsafe mhd_plan()
        unsafe configuration.worker_threads = UInt32(clamping: limits.workerThreads)
        // Never reached, because `ConnectionSlots` counts. libmicrohttpd divides its limit among its
        // threads and releases a connection a little after it notifies us.
        unsafe configuration.connection_limit = UInt32(
            clamping: (limits.connections + limits.connectionReserve) * 2 + 64)
        unsafe configuration.connection_memory_bytes = limits.connectionMemoryBytes
        unsafe configuration.logger = logger.address
        unsafe configuration.context = Unmanaged.passUnretained(core).toOpaque()
        unsafe configuration.answer = answer
        unsafe configuration.completed = completed
        unsafe configuration.connection = connectionChanged
        unsafe configuration.target = targetReceived
        errno = 0
        guard let daemon = unsafe mhd_start(&configuration) else {
            throw KernelError(errno == 0 ? EINVAL : errno, subject: "http server \(core.name)")
        }
        unsafe self.daemon = daemon
        self.core = core
        self.logger = logger
    }

    /// Passes a connection to libmicrohttpd, which closes the descriptor also when it fails.
    /// Returns whether the connection is served.
    func serve(_ descriptor: Int32, peer: inout sockaddr_in6, length: socklen_t) -> Bool {
        unsafe withUnsafeBytes(of: &peer) { bytes in
            let address = unsafe bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            return unsafe MHD_add_connection(daemon, descriptor, address, length) == .YES
        }
    }

    /// Ends all connections and threads. Call it once, and not while a request is suspended:
    /// libmicrohttpd 0.9.75 aborts the process in both cases.
    func stop() {
        unsafe MHD_stop_daemon(daemon)
    }
}

/// The logger of a daemon: C memory whose address does not change.
@safe
private final class DaemonLogger: @unchecked Sendable {
    // Not written after the initialiser.
    fileprivate let address: UnsafeMutablePointer<mhd_logger>

    /// `core` must outlive it.
    init(_ core: ServerCore) {
        unsafe address = UnsafeMutablePointer<mhd_logger>.allocate(capacity: 1)
        let context = unsafe Unmanaged.passUnretained(core).toOpaque()
        unsafe address.initialize(to: mhd_logger(write: messageReceived, context: context))
    }

    deinit {
        unsafe address.deallocate()
    }
}

// MARK: Callbacks of libmicrohttpd

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

private func messageReceived(
    _ context: UnsafeMutableRawPointer?, text: UnsafePointer<CChar>?, length: Int
) {
    guard let context = unsafe context, let text = unsafe text else { return }
    let message = unsafe UnsafeRawBufferPointer(start: text, count: length)
    unsafe core(context).log.write(Span(_unsafeBytes: message))
}

private func connectionChanged(
    _ context: UnsafeMutableRawPointer?, handle: OpaquePointer?,
    slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, event: MHD_ConnectionNotificationCode
) {
    guard let context = unsafe context, let slot = unsafe slot else { return }
    let core = unsafe core(context)
    if event == .CONNECTION_NOTIFY_STARTED {
        let address = unsafe mhd_peer_address(handle)
        let client = unsafe address.flatMap { unsafe ClientKey($0, scope: core.limits.clientScope) }
        let opened = core.didOpen(unsafe mhd_socket(handle), client: client)
        unsafe slot.pointee = Unmanaged.passRetained(opened).toOpaque()
    } else if let kept = unsafe slot.pointee {
        unsafe slot.pointee = nil
        core.didClose(unsafe Unmanaged<Connection>.fromOpaque(kept).takeRetainedValue())
    }
}

private func targetReceived(
    _ context: UnsafeMutableRawPointer?, target: UnsafePointer<CChar>?,
    handle: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context, let kept = unsafe mhd_socket_context(handle) else {
        return nil
    }
    let isAccepted = unsafe core(context).didReceiveTarget(
        connection(kept), target: Span(_unsafeBytes: bytes(target)))
    // Its record of each parameter fills the connection's memory until no response can be made.
    unsafe mhd_hide_query(target)
    return unsafe isAccepted ? kept : nil
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
        unsafe MHD_get_connection_values_n(handle, .HEADER_KIND, didReceiveHead, &validator)
        let outcome = unsafe validator.outcome(
            method: Span(_unsafeBytes: method), version: Span(_unsafeBytes: bytes(version)))
        return unsafe core.didReceiveHead(
            connection, handle: handle, method: Span(_unsafeBytes: method), validator: outcome)
    case .body:
        if unsafe uploadCount.pointee == 0 {
            return unsafe core.didReceiveEnd(connection, handle: handle)
        }
        let came = unsafe UnsafeRawBufferPointer(start: upload, count: uploadCount.pointee)
        unsafe uploadCount.pointee = 0
        return unsafe core.didReceiveBody(connection, bytes: Span(_unsafeBytes: came)) ? .YES : .NO
    case .pending:
        return unsafe core.didResume(connection, handle: handle)
    case .idle, .answered:
        return .NO
    }
}

private func didReceiveHead(
    _ context: UnsafeMutableRawPointer?, kind: MHD_ValueKind, name: UnsafePointer<CChar>?,
    nameCount: Int, value: UnsafePointer<CChar>?, valueCount: Int
) -> MHD_Result {
    guard let validator = unsafe context?.assumingMemoryBound(to: RequestHeadValidator.self) else {
        return .NO
    }
    if unsafe isFolded(name, nameCount: nameCount, value: value) {
        unsafe validator.pointee.addFoldedLine()
    }
    let name = unsafe UnsafeRawBufferPointer(start: name, count: name == nil ? 0 : nameCount)
    let value = unsafe UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : valueCount)
    unsafe validator.pointee.add(Span(_unsafeBytes: name), value: Span(_unsafeBytes: value))
    return .YES
}

/// Whether a header's value does not directly follow its name in memory, as it does in the request.
///
/// libmicrohttpd 0.9.75 appends a folded line (RFC 9112, 5.2) to the header's name instead of its
/// value, in other memory: `Content-Length: 3` with a second line ` 9` becomes a header
/// `Content-Length9`, and the body is read as a further request.
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
    unsafe core(context).didComplete(
        connection(kept), normally: end == .REQUEST_TERMINATED_COMPLETED_OK)
    unsafe slot?.pointee = nil
}
