internal import CMicroHTTPD
package import Kernel

/// A response: a status, headers and a body that is never copied.
///
/// One response may answer any number of requests, at the same time and from any thread. Its body is
/// released when the last connection has sent it.
package struct Response: ~Copyable, Sendable {
    let core: ResponseCore

    /// A body of static memory.
    package init(status: Int, headers: [(String, String)] = [], body: StaticString = "") {
        core = ResponseCore(status: status, headers: headers, constant: body)
    }

    package init(status: Int, headers: [(String, String)] = [], body: String) {
        self.init(status: status, headers: headers, body: Array(body.utf8))
    }

    /// A plain text.
    package init(status: Int, text: String) {
        self.init(
            status: status, headers: [("Content-Type", ErrorFormat.plain.contentType)], body: text)
    }

    package init(status: Int, headers: [(String, String)] = [], body: [UInt8]) {
        var buffer = Buffer(capacity: max(body.count, 1))
        buffer.append(body)
        core = ResponseCore(status: status, headers: headers, body: Body(buffer, pool: nil))
    }

    /// A body in a buffer, which returns to `pool` when the last connection has sent it.
    package init(
        status: Int, headers: [(String, String)] = [], body: consuming Buffer,
        returningTo pool: BufferPool?
    ) {
        core = ResponseCore(status: status, headers: headers, body: Body(body, pool: pool))
    }

    /// The same response again; nothing is copied.
    package init(sharing other: borrowing Response) {
        core = other.core
    }

    package var status: Int { core.status }

    /// Bytes of a body that is not static.
    package var bodyBytes: Int { core.body?.count ?? 0 }
}

/// The buffer of a response while libmicrohttpd reads it.
@safe
final class Body: @unchecked Sendable {
    // Not written after it is shared; the last reader returns it.
    /// The buffer's memory, for as long as the object lives.
    fileprivate let bytes: UnsafeRawBufferPointer
    private var buffer: Buffer?
    private let pool: BufferPool?
    /// Bytes of the body.
    var count: Int { unsafe bytes.count }

    init(_ buffer: consuming Buffer, pool: BufferPool?) {
        unsafe bytes = buffer.bytes.withUnsafeBytes { unsafe $0 }
        self.buffer = consume buffer
        self.pool = pool
    }

    /// A body that is a text.
    convenience init(_ text: String) {
        var buffer = Buffer(capacity: max(text.utf8.count, 1))
        buffer.append(text)
        self.init(buffer, pool: nil)
    }

    deinit {
        if let pool, let buffer = buffer.take() { pool.release(buffer) }
    }
}

/// A response of libmicrohttpd, which keeps a reference count of its own.
@safe
final class ResponseCore: @unchecked Sendable {
    // libmicrohttpd guards the response with a mutex of its own.
    private let pointer: OpaquePointer
    let status: Int
    /// The body, nil for static memory.
    let body: Body?

    convenience init(status: Int, headers: [(String, String)], constant: StaticString) {
        let start = unsafe UnsafeMutableRawPointer(mutating: constant.utf8Start)
        let response = unsafe MHD_create_response_from_buffer(
            constant.utf8CodeUnitCount, start, .RESPMEM_PERSISTENT)
        unsafe self.init(status, headers: headers, body: nil, response: response)
    }

    convenience init(status: Int, headers: [(String, String)], body: Body) {
        let kept = unsafe Unmanaged.passRetained(body)
        let response = unsafe MHD_create_response_from_buffer_with_free_callback_cls(
            body.bytes.count, UnsafeMutableRawPointer(mutating: body.bytes.baseAddress),
            releaseBody, kept.toOpaque())
        unsafe self.init(status, headers: headers, body: body, response: response)
    }

    private init(
        _ status: Int, headers: [(String, String)], body: Body?, response: OpaquePointer?
    ) {
        guard let response = unsafe response else { preconditionFailure("out of memory") }
        unsafe pointer = response
        self.status = status
        self.body = body
        for (name, value) in SecurityHeaders.all
        where !headers.contains(where: { $0.0 == name }) {
            _ = unsafe MHD_add_response_header(pointer, name, value)
        }
        for (name, value) in headers {
            // libmicrohttpd refuses a header with a line break; it is then left out.
            _ = unsafe MHD_add_response_header(pointer, name, value)
        }
    }

    deinit {
        unsafe MHD_destroy_response(pointer)
    }

    /// Queues the response on the connection whose callback this thread is in.
    func queue(on handle: OpaquePointer) -> MHD_Result {
        unsafe MHD_queue_response(handle, UInt32(status), pointer)
    }
}

private func releaseBody(_ body: UnsafeMutableRawPointer?) {
    guard let body = unsafe body else { return }
    unsafe Unmanaged<Body>.fromOpaque(body).release()
}
