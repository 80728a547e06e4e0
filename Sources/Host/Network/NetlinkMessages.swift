internal import Kernel

/// The messages of netlink(7) in one datagram.
struct NetlinkMessages: ~Escapable {
    struct Message: ~Escapable {
        let type: UInt16
        let payload: Span<UInt8>

        @_lifetime(copy payload)
        init(type: UInt16, payload: Span<UInt8>) {
            self.type = type
            self.payload = payload
        }
    }

    enum Step: ~Escapable {
        case message(Message)
        /// Bytes that are no message.
        case damaged
        /// The kernel has sent the last message of a dump.
        case done
        /// The kernel refused with this errno.
        case refused(Int32)
        /// The dump continues in the next datagram.
        case datagramEnd
    }

    private var rest: Span<UInt8>

    @_lifetime(copy datagram)
    init(_ datagram: Span<UInt8>) {
        rest = datagram
    }

    @_lifetime(copy self)
    mutating func next() -> Step {
        guard rest.count >= 16 else { return .datagramEnd }
        let length = Int(rest.integer(at: 0, bytes: 4))
        let type = UInt16(truncatingIfNeeded: rest.integer(at: 4, bytes: 2))
        guard length >= 16, length <= rest.count else {
            rest = rest.extracting(first: 0)
            return .damaged
        }
        let payload = rest.extracting(16..<length)
        rest = rest.extracting(droppingFirst: min(rest.count, (length + 3) & ~3))
        switch type {
        case 3: return .done
        case 2:
            guard payload.count >= 4 else { return .damaged }
            let code = Int32(truncatingIfNeeded: payload.integer(at: 0, bytes: 4))
            return code == 0 ? .damaged : .refused(code == .min ? .max : abs(code))
        default: return .message(Message(type: type, payload: payload))
        }
    }
}

/// The attributes behind a message's header.
struct NetlinkAttributes: ~Escapable {
    struct Attribute: ~Escapable {
        let type: UInt16
        let value: Span<UInt8>

        @_lifetime(copy value)
        init(type: UInt16, value: Span<UInt8>) {
            self.type = type
            self.value = value
        }
    }

    private var rest: Span<UInt8>
    /// The bytes did not end with an attribute.
    private(set) var isDamaged = false

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) {
        rest = bytes
    }

    @_lifetime(copy self)
    mutating func next() -> Attribute? {
        guard rest.count >= 4 else { return nil }
        let length = Int(rest.integer(at: 0, bytes: 2))
        guard length >= 4, length <= rest.count else {
            isDamaged = true
            return nil
        }
        // The two highest bits are flags.
        let type = UInt16(truncatingIfNeeded: rest.integer(at: 2, bytes: 2) & 0x3FFF)
        let value = rest.extracting(4..<length)
        rest = rest.extracting(droppingFirst: min(rest.count, (length + 3) & ~3))
        return Attribute(type: type, value: value)
    }
}

extension NetlinkSocket {
    /// Shows `body` each message of a dump; `datagram` holds them meanwhile. Returns how many could
    /// not be used: damaged ones, and those for which `body` returns false.
    mutating func dump(
        _ dump: Dump, into datagram: inout Buffer, body: (NetlinkMessages.Message) -> Bool
    ) throws(KernelError) -> Int {
        try ask(for: dump)
        var skipped = 0
        while true {
            guard try receive(into: &datagram) else {
                throw .timedOut("netlink")
            }
            var messages = NetlinkMessages(datagram.bytes)
            reading: while true {
                switch messages.next() {
                case .message(let message): if !body(message) { skipped += 1 }
                case .damaged: skipped += 1
                case .refused(let code): throw KernelError(code, subject: "netlink")
                case .done: return skipped
                case .datagramEnd: break reading
                }
            }
        }
    }
}

extension Span where Element == UInt8 {
    /// A little-endian number; the bytes are there.
    func integer(at start: Int, bytes: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<bytes { value |= UInt64(self[start + index]) << (8 * UInt64(index)) }
        return value
    }

    /// As `integer`, of eight bytes.
    func wide(at start: Int) -> UInt64 {
        precondition(start >= 0 && start + 8 <= count)
        let number = unsafe withUnsafeBytes {
            unsafe $0.loadUnaligned(fromByteOffset: start, as: UInt64.self)
        }
        return UInt64(littleEndian: number)
    }
}
