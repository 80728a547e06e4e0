internal import CLinux
internal import CMicroHTTPD
internal import Kernel

/// A request whose header and body have come. It is there while its handler runs, no longer.
@safe
package struct Request: ~Copyable {
    private let handle: OpaquePointer
    private let pathBytes: UnsafeRawBufferPointer
    private let rawPathBytes: UnsafeRawBufferPointer
    private let queryBytes: UnsafeRawBufferPointer
    private let bodyBytes: UnsafeRawBufferPointer
    private let connection: Connection
    package let method: Method

    /// Bytes behind the body that may be read, whatever they hold.
    package static let bodyPadding = 64

    /// The exchange's buffers must stay as they are while the request is there.
    init(handle: OpaquePointer, connection: Connection, method: Method) {
        unsafe self.handle = handle
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

    /// The path as it came, its escapes not decoded.
    package var rawPath: Span<UInt8> {
        @_lifetime(borrow self)
        get { unsafe _overrideLifetime(Span(_unsafeBytes: rawPathBytes), borrowing: self) }
    }

    /// What stands behind the question mark, as it came.
    package var query: Span<UInt8> {
        @_lifetime(borrow self)
        get { unsafe _overrideLifetime(Span(_unsafeBytes: queryBytes), borrowing: self) }
    }

    /// The body, with `bodyPadding` readable bytes behind it; empty when there was none.
    package var body: Span<UInt8> {
        @_lifetime(borrow self)
        get { unsafe _overrideLifetime(Span(_unsafeBytes: bodyBytes), borrowing: self) }
    }

    /// The process that has opened the connection, when that is one of a Unix socket.
    package var peerProcess: Int32? {
        let process = clinux_peer_process(connection.descriptor)
        return process > 0 ? process : nil
    }

    /// What a handler has kept for the connection: later requests on it find it here.
    package var attachment: (any AnyObject & Sendable)? { connection.attachment }

    /// Keeps something for the connection until it ends.
    package func attach(_ attachment: any AnyObject & Sendable) {
        connection.attachment = attachment
    }

    /// The first header of this name, whose letters may be of either case; nil when there is none.
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
