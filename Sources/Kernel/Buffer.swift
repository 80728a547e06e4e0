internal import Glibc

/// A growable byte buffer: filled by reads and by page rendering, read by sockets.
///
/// Only growing allocates; `removeAll` keeps the memory. [UInt8] is not used because appending raw
/// memory to it first writes zeros, and realloc(3) of large blocks moves pages instead of copying.
@safe
package struct Buffer: ~Copyable, @unchecked Sendable {
    // The value is not copyable, so its owner alone reaches the memory.
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

    /// Out of memory is fatal.
    private static func checked(_ memory: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer {
        guard let memory = unsafe memory else { preconditionFailure("out of memory") }
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

    /// Removes all bytes and keeps the memory.
    package mutating func removeAll() {
        count = 0
    }

    /// Returns the memory of these bytes, as far as it fills memory pages, to the system (madvise(2)).
    /// The bytes are undefined afterwards.
    package mutating func discard(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        let size = Int(getpagesize())
        let address = unsafe Int(bitPattern: start)
        let first = (address + range.lowerBound + size - 1) / size * size - address
        let last = (address + range.upperBound) / size * size - address
        if first < last { _ = unsafe madvise(start + first, last - first, MADV_DONTNEED) }
    }

    /// Removes all bytes after the first `length`.
    package mutating func truncate(to length: Int) {
        precondition(length >= 0 && length <= count)
        count = length
    }

    /// Reserves memory for `more` bytes beyond `count`.
    @inline(__always)
    package mutating func reserve(_ more: Int) {
        if capacity - count < more { grow(by: more) }
    }

    @inline(never)
    private mutating func grow(by more: Int) {
        let wanted = max(count + more, capacity * 2)
        // The kernel remaps a large block (mremap(2)) instead of copying it, so that it never takes
        // twice its size.
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

    /// Passes at most `limit` bytes of raw memory behind the last byte to `write`, which returns how
    /// many it wrote. For C functions that write into memory (`pread`, `recv`, number formatting, gzip).
    @unsafe
    @inline(__always)
    package mutating func append<Failure: Error>(
        upTo limit: Int, write: (UnsafeMutablePointer<UInt8>) throws(Failure) -> Int
    ) throws(Failure) {
        reserve(limit)
        let written = unsafe try write((start + count).assumingMemoryBound(to: UInt8.self))
        precondition(written >= 0 && written <= limit)
        count += written
    }
}
