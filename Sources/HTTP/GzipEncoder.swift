internal import CISAL
package import Kernel

/// A gzip compressor (RFC 1952), used by one thread at a time.
///
/// It uses ISA-L's level 0, one pass over the text, with Huffman codes computed from an earlier page.
/// Pages resemble each other, so that it compresses as well as level 1 does in two passes.
@safe
package struct GzipEncoder: ~Copyable, @unchecked Sendable {
    /// The codes are recomputed after this many texts, and when a text is twice or half as long as the
    /// one they were computed from.
    package static let textsPerCode = 512
    /// Codes are computed from at most `windows` samples of `window` bytes, spread evenly: 256 KiB are
    /// enough for the frequencies and bound the cost for large pages.
    private static let window = 32 << 10
    private static let windows = 8

    private struct Codes {
        var tables = isal_hufftables()
        /// Length in bytes of the text they were computed from, and for how many texts they are used.
        var learnedCount = 0
        var textsLeft = 0
    }

    // The value is not copyable: its owner alone reaches this memory.
    private let stream: UnsafeMutablePointer<isal_zstream>
    private let codes: UnsafeMutablePointer<Codes>

    package init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: isal_zstream())
        unsafe codes = .allocate(capacity: 1)
        unsafe codes.initialize(to: Codes())
    }

    deinit {
        unsafe codes.deallocate()
        unsafe stream.deallocate()
    }

    /// Appends the compressed `plain` to `buffer`, which grows as needed.
    package func encode(_ plain: Span<UInt8>, into buffer: inout Buffer) {
        precondition(plain.count <= UInt32.max)
        let learnedCount = unsafe codes.pointee.learnedCount
        if unsafe codes.pointee.textsLeft == 0 || plain.count / 2 > learnedCount
            || plain.count < learnedCount / 2
        {
            learn(plain)
        }
        unsafe codes.pointee.textsLeft -= 1
        let stream = unsafe stream
        unsafe isal_deflate_init(stream)
        unsafe isal_deflate_set_hufftables(stream, &codes.pointee.tables, IGZIP_HUFFTABLE_CUSTOM)
        unsafe stream.pointee.gzip_flag = UInt16(IGZIP_GZIP)
        unsafe stream.pointee.end_of_stream = 1
        unsafe plain.withUnsafeBufferPointer { source in
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            unsafe stream.pointee.avail_in = UInt32(source.count)
            // A page compresses to a fifth or less.
            let free = 4096 + source.count / 4
            repeat {
                unsafe buffer.append(upTo: free) { target in
                    unsafe stream.pointee.next_out = target
                    unsafe stream.pointee.avail_out = UInt32(free)
                    let result = unsafe isal_deflate(stream)
                    precondition(result == COMP_OK)
                    return unsafe free - Int(stream.pointee.avail_out)
                }
            } while unsafe stream.pointee.internal_state.state != ZSTATE_END
        }
    }

    /// Computes the codes from this text. They can encode any text, because every byte, length and
    /// distance has a code.
    private func learn(_ plain: Span<UInt8>) {
        unsafe codes.pointee.learnedCount = plain.count
        unsafe codes.pointee.textsLeft = GzipEncoder.textsPerCode
        let histogram = UnsafeMutablePointer<isal_huff_histogram>.allocate(capacity: 1)
        unsafe histogram.initialize(to: isal_huff_histogram())
        defer { unsafe histogram.deallocate() }
        unsafe plain.withUnsafeBufferPointer { source in
            let size = GzipEncoder.window
            let count = min(GzipEncoder.windows, (source.count + size - 1) / size)
            guard let text = source.baseAddress else { return }
            for window in 0..<count {
                let start = count == 1 ? 0 : (source.count - size) / (count - 1) * window
                unsafe isal_update_histogram(
                    UnsafeMutablePointer(mutating: text + start),
                    Int32(min(size, source.count - start)), histogram)
            }
        }
        let result = unsafe isal_create_hufftables(&codes.pointee.tables, histogram)
        precondition(result == 0)
    }
}
