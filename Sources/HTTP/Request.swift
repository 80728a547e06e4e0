internal import CLinux
internal import CMicroHTTPD
internal import Kernel

/// A complete request. It is valid only while its handler runs.
@safe
package struct Request: ~Copyable {
    private let handle: OpaquePointer
    private let authorityBytes: UnsafeRawBufferPointer
    private let pathBytes: UnsafeRawBufferPointer
    private let rawPathBytes: UnsafeRawBufferPointer
    private let queryBytes: UnsafeRawBufferPointer
    private let bodyBytes: UnsafeRawBufferPointer
    private let connection: Connection
    package let method: Method

    /// Readable bytes behind the body, of any content: simdjson reads ahead of its input.
    package static let bodyPadding = 64

    /// The connection's buffers must not change while the request exists.
    init(handle: OpaquePointer, connection: Connection, method: Method) {
        unsafe self.handle = handle
        unsafe authorityBytes = connection.authority.bytes.withUnsafeBytes { unsafe $0 }
        unsafe pathBytes = connection.path.bytes.withUnsafeBytes { unsafe $0 }
        unsafe rawPathBytes = connection.rawPath.bytes.withUnsafeBytes { unsafe $0 }
        unsafe queryBytes = connection.query.bytes.withUnsafeBytes { unsafe $0 }
        unsafe bodyBytes = connection.body.bytes.withUnsafeBytes { unsafe $0 }
        self.connection = connection
        self.method = method
    }

    /// The path with its escapes decoded, without the query.
    package var path: Span<UInt8> {
        @_lifetime(borrow self)
        get { unsafe _overrideLifetime(Span(_unsafeBytes: pathBytes), borrowing: self) }
    }

    /// The path without percent-decoding.
    package var rawPath: Span<UInt8> {
        @_lifetime(borrow self)
        get { unsafe _overrideLifetime(Span(_unsafeBytes: rawPathBytes), borrowing: self) }
    }

    /// The query, without the question mark and without decoding.
    package var query: Span<UInt8> {
        @_lifetime(borrow self)
        get { unsafe _overrideLifetime(Span(_unsafeBytes: queryBytes), borrowing: self) }
    }

    /// The body, with `bodyPadding` readable bytes behind it; empty when there was none.
    package var body: Span<UInt8> {
        @_lifetime(borrow self)
        get { unsafe _overrideLifetime(Span(_unsafeBytes: bodyBytes), borrowing: self) }
    }

    /// The host that the request is for, with its port: the authority of a target in absolute form, else
    /// the Host header (RFC 9112, 3.2.2 and 3.3); nil if the request names none.
    @_lifetime(borrow self)
    package func host() -> Span<UInt8>? {
        if unsafe authorityBytes.isEmpty { return header("host") }
        return unsafe _overrideLifetime(Span(_unsafeBytes: authorityBytes), borrowing: self)
    }

    /// Whether the connection is one of a Unix socket.
    package var isLocal: Bool { connection.isLocal }

    /// The process that opened the connection (SO_PEERCRED), nil over TCP.
    package var peerProcess: Int32? {
        let process = clinux_peer_process(connection.descriptor)
        return process > 0 ? process : nil
    }

    /// The value that a handler attached to the connection during an earlier request.
    package var attachment: (any AnyObject & Sendable)? { connection.attachment }

    /// Attaches a value to the connection until it ends.
    package func attach(_ attachment: any AnyObject & Sendable) {
        connection.attachment = attachment
    }

    /// The first header of this name, compared without case; nil if the request has none.
    @_lifetime(borrow self)
    package func header(_ name: StaticString) -> Span<UInt8>? {
        var value: UnsafePointer<CChar>?
        var count = 0
        let start = unsafe UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
        let found = unsafe MHD_lookup_connection_value_n(
            handle, .HEADER_KIND, start, name.utf8CodeUnitCount, &value, &count)
        guard found == .YES, let value = unsafe value else { return nil }
        let bytes = unsafe UnsafeRawBufferPointer(start: value, count: count)
        return unsafe _overrideLifetime(Span(_unsafeBytes: bytes), borrowing: self)
    }
}
