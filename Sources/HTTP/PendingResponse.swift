internal import CLinux
internal import CMicroHTTPD

/// A request that waits for its answer, which any thread may give, once.
///
/// Dropping it unanswered answers 500: a client never waits for what has been forgotten.
@safe
package struct PendingResponse: ~Copyable, @unchecked Sendable {
    // The connection stays where it is until it is resumed, and only the deinit resumes it.
    private let handle: OpaquePointer
    private let connection: Connection
    private let core: ServerCore
    private var response: ResponseCore

    /// The caller has suspended the connection on the thread of its handler.
    init(handle: OpaquePointer, connection: Connection, core: ServerCore) {
        unsafe self.handle = handle
        self.connection = connection
        self.core = core
        response = core.constants(for: connection).internalError.staying
    }

    /// Whether the client has closed its side of the connection, as one does that waits no longer.
    package var isAbandoned: Bool {
        unsafe clinux_is_half_closed(mhd_socket(handle)) != 0
    }

    /// Gives the answer, which may be shared with others.
    package consuming func answer(_ response: borrowing Response) {
        self.response = response.core
    }

    deinit {
        connection.answer = response
        // The answer is queued by the connection's own thread, which this call wakes.
        unsafe MHD_resume_connection(handle)
        // Only now may the daemon be stopped: the call above has let go of it.
        core.statistics.endSuspension()
    }
}
