internal import CLinux
internal import CMicroHTTPD

/// A suspended request. Any thread may answer it, once.
///
/// Dropping it without an answer sends 500, so that a client never waits for a lost request.
@safe
package struct PendingResponse: ~Copyable, @unchecked Sendable {
    // libmicrohttpd keeps the connection until it is resumed, and only deinit resumes it.
    private let handle: OpaquePointer
    private let connection: Connection
    private let core: ServerCore
    private var response: ResponseCore

    /// The caller has suspended the connection on the thread of its handler.
    init(handle: OpaquePointer, connection: Connection, core: ServerCore) {
        unsafe self.handle = handle
        self.connection = connection
        self.core = core
        response = core.constants(for: connection).internalError.keepAlive
    }

    /// Whether the client has closed its side of the connection.
    package var isAbandoned: Bool {
        unsafe clinux_is_half_closed(mhd_socket(handle)) != 0
    }

    /// The client that waits.
    package var client: ClientKey { connection.owner }

    /// Whether a response of so many bytes would be sent to this client.
    package func hasRoom(forBytes bytes: Int) -> Bool {
        core.held.hasRoom(for: client, bytes: bytes)
    }

    /// Answers 503 because clients have not read too many bytes of earlier responses.
    package consuming func refuseForHeldResponses() {
        core.statistics.count(.heldResponses)
        response = core.constants(for: connection).heldResponses.close
    }

    /// Sets the response, which may be shared with other requests, and resumes the request.
    package consuming func answer(_ response: borrowing Response) {
        self.response = core.admitted(response.core, for: connection)
    }

    deinit {
        connection.answer = response
        // The connection's own thread, which this call wakes, queues the response.
        unsafe MHD_resume_connection(handle)
        // After this the daemon may be stopped; until the call above has returned it may not.
        core.statistics.endSuspension()
    }
}
