internal import CLinux
internal import Glibc
internal import Kernel

/// The call `List` of kubelet's PodResources API: one request of gRPC without a message, over HTTP/2
/// (RFC 9113) on a Unix socket.
///
/// Headers of the response are not decoded: a call that failed has no message, and its reason would
/// need HPACK's tables and Huffman code. So the client announces a table of 0 bytes and reads data alone.
struct KubeletCall: ~Copyable {
    /// What kubelet's own client allows.
    static var byteLimit: Int { 16 << 20 }

    private enum Frame {
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let reset: UInt8 = 3
        static let settings: UInt8 = 4
        static let ping: UInt8 = 6
        static let goAway: UInt8 = 7
        static let windowUpdate: UInt8 = 8
        /// END_STREAM of data and headers, ACK of settings and pings.
        static let lastFlag: UInt8 = 1
        static let endOfHeaders: UInt8 = 4
        static let padded: UInt8 = 8
        /// SETTINGS_MAX_FRAME_SIZE, which is not changed.
        static let byteLimit = 1 << 14
    }

    private let socket: String
    private let deadline: UInt64
    private let descriptor: Int32
    private var input: [UInt8] = []

    /// The message of the response.
    static func list(_ socket: String, timeout: Duration) throws(KernelError) -> [UInt8] {
        var call = try KubeletCall(socket, timeout: timeout)
        try call.send(KubeletCall.request)
        return try call.message()
    }

    private init(_ socket: String, timeout: Duration) throws(KernelError) {
        self.socket = socket
        deadline = Clock.monotonicNanoseconds &+ timeout.nanoseconds
        descriptor = clinux_stream_socket(AF_UNIX)
        guard descriptor >= 0 else { throw .last(socket) }
        guard unsafe clinux_connect_path(descriptor, socket, socket.utf8.count) == 0 else {
            throw .last(socket)
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    // MARK: Request

    /// Everything that is sent before the first answer.
    private static var request: [UInt8] {
        let window = UInt32(byteLimit)
        var bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        // SETTINGS_HEADER_TABLE_SIZE, SETTINGS_ENABLE_PUSH, SETTINGS_INITIAL_WINDOW_SIZE.
        let settings: [(UInt8, UInt32)] = [(1, 0), (2, 0), (4, window)]
        bytes += frame(Frame.settings, payload: settings.flatMap { [0, $0] + big($1) })
        bytes += frame(Frame.windowUpdate, payload: big(window))
        // HPACK: fields of the static table, then literals that are not kept.
        let headers: [UInt8] =
            [0x83, 0x86]  // :method POST, :scheme http
            + [0x04] + text("/v1.PodResourcesLister/List")
            + [0x01] + text("localhost")
            + [0x00] + text("content-type") + text("application/grpc")
            + [0x00] + text("te") + text("trailers")
        bytes += frame(Frame.headers, Frame.endOfHeaders, stream: 1, payload: headers)
        // An empty message: not compressed, 0 bytes long.
        bytes += frame(Frame.data, Frame.lastFlag, stream: 1, payload: [0, 0, 0, 0, 0])
        return bytes
    }

    private static func frame(
        _ kind: UInt8, _ flags: UInt8 = 0, stream: UInt32 = 0, payload: [UInt8]
    ) -> [UInt8] {
        Array(big(UInt32(payload.count))[1...]) + [kind, flags] + big(stream) + payload
    }

    private static func big(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
    }

    /// A string shorter than 127 bytes without Huffman code.
    private static func text(_ text: StaticString) -> [UInt8] {
        [UInt8(text.utf8CodeUnitCount)] + Array(text.description.utf8)
    }

    private func send(_ bytes: [UInt8]) throws(KernelError) {
        let count = bytes.count
        // A few hundred bytes always fit into the buffer of a new socket.
        guard unsafe clinux_send_now(descriptor, bytes, count) == count else { throw .last(socket) }
    }

    // MARK: Response

    private mutating func message() throws(KernelError) -> [UInt8] {
        var body: [UInt8] = []
        var isOpen = true
        while isOpen {
            let (kind, flags, stream, payload) = try frame()
            switch kind {
            case Frame.data where stream == 1:
                body += try content(payload, isPadded: flags & Frame.padded != 0)
                if body.count > KubeletCall.byteLimit { throw failure("a message too large") }
                isOpen = flags & Frame.lastFlag == 0
            case Frame.headers where stream == 1: isOpen = flags & Frame.lastFlag == 0
            case Frame.settings where flags & Frame.lastFlag == 0:
                try send(KubeletCall.frame(Frame.settings, Frame.lastFlag, payload: []))
            case Frame.ping where flags & Frame.lastFlag == 0:
                try send(KubeletCall.frame(Frame.ping, Frame.lastFlag, payload: payload))
            case Frame.reset where stream == 1: throw failure("the call was reset")
            case Frame.goAway: throw failure("the connection was ended")
            default: break
            }
        }
        guard body.count >= 5 else { throw failure("the call was refused") }
        let length = body[1...4].reduce(0) { $0 << 8 | Int($1) }
        guard body[0] == 0, length == body.count - 5 else {
            throw failure("an answer that is no message of gRPC")
        }
        return Array(body[5...])
    }

    private func content(_ payload: [UInt8], isPadded: Bool) throws(KernelError) -> ArraySlice<
        UInt8
    > {
        guard isPadded else { return payload[...] }
        guard let padding = payload.first, Int(padding) < payload.count else {
            throw failure("a frame of HTTP/2 with wrong padding")
        }
        return payload[1..<(payload.count - Int(padding))]
    }

    private mutating func frame() throws(KernelError) -> (
        kind: UInt8, flags: UInt8, stream: UInt32, payload: [UInt8]
    ) {
        try receive(9)
        let length = input[0...2].reduce(0) { $0 << 8 | Int($1) }
        guard length <= Frame.byteLimit else { throw failure("an answer that is not HTTP/2") }
        try receive(9 + length)
        let stream = input[5...8].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let (kind, flags, payload) = (input[3], input[4], Array(input[9..<(9 + length)]))
        input.removeFirst(9 + length)
        return (kind, flags, stream, payload)
    }

    /// Reads until `input` has that many bytes.
    private mutating func receive(_ count: Int) throws(KernelError) {
        var part = [UInt8](repeating: 0, count: Frame.byteLimit)
        while input.count < count {
            let now = Clock.monotonicNanoseconds
            guard now < deadline else { throw KernelError.timedOut(socket) }
            var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = unsafe poll(&request, 1, Int32((deadline - now) / 1_000_000) + 1)
            if ready == 0 || (ready < 0 && errno == EINTR) { continue }
            let capacity = part.count
            let got = unsafe recv(descriptor, &part, capacity, 0)
            if got < 0, errno == EAGAIN || errno == EINTR { continue }
            guard got >= 0 else { throw .last(socket) }
            guard got > 0 else { throw failure("the connection was closed") }
            input += part[..<got]
        }
    }

    private func failure(_ reason: String) -> KernelError {
        KernelError(reason, subject: socket)
    }
}
