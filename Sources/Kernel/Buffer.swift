internal import Glibc

/// Bytes in memory of their own: filled by the kernel or by a page, drained by a socket.
///
/// Growing is the only thing that allocates; `removeAll` keeps the memory.
@safe
package struct Buffer: ~Copyable, @unchecked Sendable {
    // Whoever holds the value holds the memory: nobody else can reach it.
    private var start: UnsafeMutableRawPointer
    package private(set) var capacity: Int
    package private(set) var count = 0

    package init(capacity: Int) {
        precondition(capacity > 0)
        self.capacity = capacity
        unsafe start = Buffer.checked(malloc(capacity))
    }

    deinit {
        unsafe free(start)
    }

    /// No memory is the one thing that nobody here goes on from.
    private static func checked(_ memory: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer {
        guard let memory = unsafe memory else { preconditionFailure("no memory") }
        return unsafe memory
    }

    /// The bytes written so far.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let span = unsafe Span<UInt8>(
                _unsafeStart: UnsafePointer(start.assumingMemoryBound(to: UInt8.self)),
                count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Forgets the bytes and keeps the memory.
    package mutating func removeAll() {
        count = 0
    }

    /// Forgets all bytes after the first `length`.
    package mutating func truncate(to length: Int) {
        precondition(length >= 0 && length <= count)
        count = length
    }

    /// Makes room for `more` bytes beyond `count`.
    @inline(__always)
    package mutating func reserve(_ more: Int) {
        if capacity - count < more { grow(by: more) }
    }

    @inline(never)
    private mutating func grow(by more: Int) {
        let wanted = max(count + more, capacity * 2)
        // A large block is moved by the kernel, not copied: it never takes its room twice.
        unsafe start = Buffer.checked(realloc(start, wanted))
        capacity = wanted
    }

    @inline(__always)
    package mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe start.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    @inline(__always)
    package mutating func append(_ bytes: borrowing Span<UInt8>) {
        reserve(bytes.count)
        unsafe bytes.withUnsafeBytes { source in
            if let base = source.baseAddress {
                unsafe (start + count).copyMemory(from: base, byteCount: source.count)
            }
        }
        count += bytes.count
    }

    package mutating func append(_ bytes: [UInt8]) {
        append(bytes.span)
    }

    package mutating func append(_ text: String) {
        var text = text
        text.makeContiguousUTF8()
        append(text.utf8Span.span)
    }

    /// Lets `write` fill at most `room` bytes of raw memory behind the last byte and say how many
    /// it filled: the door for C code that writes (`pread`, `recv`, number formatting, gzip).
    @unsafe
    @inline(__always)
    package mutating func append<Failure: Error>(
        room: Int, write: (UnsafeMutablePointer<UInt8>) throws(Failure) -> Int
    ) throws(Failure) {
        reserve(room)
        let written = unsafe try write((start + count).assumingMemoryBound(to: UInt8.self))
        precondition(written >= 0 && written <= room)
        count += written
    }
}
