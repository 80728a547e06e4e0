/// What a server grants its clients. Everything beyond is refused and counted in `Statistics`.
package struct Limits: Sendable {
    /// Connections that are served at the same time, over all listeners of the server.
    package var connections = 512
    /// Connections beyond `connections` that are accepted at the same time to be told 503; further
    /// ones wait in the kernel's backlog.
    package var connectionReserve = 64
    /// From accept, or from the first byte of a further request, to the end of the header.
    package var headerTimeout = Duration.seconds(10)
    /// From the end of the header to the end of the body.
    package var bodyTimeout = Duration.seconds(30)
    /// From the answer to its last byte in the kernel's hands.
    package var writeTimeout = Duration.seconds(30)
    /// A kept connection without a request. Prometheus keeps its connections for 5 minutes.
    package var idleTimeout = Duration.seconds(330)
    /// How long a connection beyond `connections` may take to read its 503 and go.
    package var refusalTimeout = Duration.seconds(1)
    /// Memory of libmicrohttpd per connection: the request line and the header must fit.
    package var connectionMemoryBytes = 32768
    /// The body of a request. Up to `swallowFactor` times as much is read before the answer is 413.
    package var bodyBytes = 1 << 20
    /// The body of a request with a Content-Encoding; nil for `bodyBytes`.
    package var encodedBodyBytes: Int?
    /// Bodies of all requests together, as they come.
    package var flightBytes = 64 << 20
    /// How many times `bodyBytes` is read from a client before the connection is closed on it.
    package var swallowFactor = 4
    /// Threads that read requests, answer them and write the answers.
    package var workerThreads = 2
    /// Lines of libmicrohttpd's log that are passed on in ten seconds; further ones are counted.
    package var logLines = 10

    package init() {}
}

extension Limits {
    /// Bytes of the body of a request with or without a Content-Encoding.
    func bodyBytes(isEncoded: Bool) -> Int {
        isEncoded ? min(encodedBodyBytes ?? bodyBytes, bodyBytes) : bodyBytes
    }

    /// Our own mistakes only: these numbers do not come from clients.
    func check() {
        precondition(connections > 0 && connectionReserve > 0 && workerThreads > 0)
        precondition(bodyBytes > 0 && bodyBytes < Int.max / 4 && swallowFactor > 0)
        precondition(flightBytes >= bodyBytes && (encodedBodyBytes ?? 1) > 0)
        // Smaller memory has led libmicrohttpd to read before its buffer.
        precondition(connectionMemoryBytes >= 8192)
        precondition(
            min(headerTimeout, bodyTimeout, writeTimeout, idleTimeout, refusalTimeout) > .zero)
    }
}
