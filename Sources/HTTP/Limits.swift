package import Kernel

/// Limits of a server towards its clients. What exceeds one is rejected and counted in `Statistics`.
package struct Limits: Sendable {
    /// Connections served at the same time, over all listeners of the server. 512: Prometheus and a
    /// person's browser use a few; each costs `connectionMemoryBytes` at most.
    package var connections = 512
    /// The share of one client while there are too few connections for all; nil for a quarter of
    /// `connections`.
    package var connectionsPerClient: Int?
    /// Whether clients on the loopback interface have a share of their own: not where all clients are
    /// processes of this machine that share one address.
    package var limitsLoopbackClients = true
    /// Clients of servers with different scopes have shares of their own of what the servers have in
    /// common.
    package var clientScope: UInt8 = 0
    /// Connections beyond `connections` that are accepted at the same time to send 503; further ones
    /// wait in the kernel's backlog.
    package var connectionReserve = 64
    /// Time from accept, or from the first byte of a further request, to the end of the header.
    package var headerTimeout = Duration.seconds(10)
    /// Time from the end of the header to the end of the body.
    package var bodyTimeout = Duration.seconds(30)
    /// Time from queueing the response until the kernel has taken its last byte.
    package var writeTimeout = Duration.seconds(30)
    /// Time that an open connection may have no request. Prometheus closes idle connections after 5
    /// minutes; the server waits longer, so that it never closes one that Prometheus is about to use.
    package var idleTimeout = Duration.seconds(330)
    /// Time that a connection beyond `connections` may take to read its 503.
    package var refusalTimeout = Duration.seconds(1)
    /// Memory of libmicrohttpd per connection in bytes: request line, header and response header.
    package var connectionMemoryBytes = 32768
    /// Bytes of a request's body. Up to `drainFactor` times as many are read and dropped, so that the
    /// client reads the 413; then the connection is closed.
    package var bodyBytes = 1 << 20
    /// Bytes of a body with a Content-Encoding; nil for `bodyBytes`.
    package var encodedBodyBytes: Int?
    /// Bytes of all request bodies in memory together; what handlers make of them can count as well.
    package var bodies = ByteBudget(limit: 64 << 20)
    /// How many times `bodyBytes` is read from a client before the connection is closed.
    package var drainFactor = 4
    /// Threads of libmicrohttpd that read requests and write responses. 0.9.75 ignores 0 and 1.
    package var workerThreads = 2
    /// Lines of libmicrohttpd's log that are written in ten seconds; further ones are counted.
    package var logLines = 10

    package init() {}
}

extension Limits {
    /// Bytes of the body of a request with or without a Content-Encoding.
    func bodyBytes(isEncoded: Bool) -> Int {
        isEncoded ? min(encodedBodyBytes ?? bodyBytes, bodyBytes) : bodyBytes
    }

    /// The share of one client.
    package var clientConnections: Int { connectionsPerClient ?? max(connections / 4, 1) }

    /// Traps on limits that make no sense: they come from our own code, never from clients.
    func check() {
        precondition(connections > 0 && connectionReserve > 0 && workerThreads > 0)
        precondition(bodyBytes > 0 && bodyBytes < Int.max / 4 && drainFactor > 0)
        precondition((encodedBodyBytes ?? 1) > 0)
        // With less memory libmicrohttpd 0.9.75 read before the start of its buffer.
        precondition(connectionMemoryBytes >= 8192)
        precondition(
            min(headerTimeout, bodyTimeout, writeTimeout, idleTimeout, refusalTimeout) > .zero)
    }
}
