internal import CISAL
package import Kernel

/// A gzip compressor (RFC 1952) that is made once and used by one thread at a time.
///
/// ISA-L's level 0, one pass over the text, with Huffman codes that were made for an earlier page:
/// pages are alike, so it packs them as tightly as level 1 does in two passes.
@safe
package struct GzipEncoder: ~Copyable, @unchecked Sendable {
    /// After so many texts the codes are made anew, and when a text is twice or half as long as the
    /// one that they were made for.
    package static let textsPerCode = 512
    /// How much of a text is looked at for its codes: windows of a size, spread evenly.
    private static let window = 32 << 10
    private static let windows = 8

    private struct Codes {
        var tables = isal_hufftables()
        /// How long the text was that they were made for, and how many texts they still serve.
        var learnedCount = 0
        var textsLeft = 0
    }

    // Whoever holds the value holds the compressor: nobody else can reach it.
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

    /// Appends `plain`, compressed, to `buffer`, which grows by what the result needs.
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
            // A page shrinks to a fifth or less.
            let room = 4096 + source.count / 4
            repeat {
                unsafe buffer.append(room: room) { target in
                    unsafe stream.pointee.next_out = target
                    unsafe stream.pointee.avail_out = UInt32(room)
                    let result = unsafe isal_deflate(stream)
                    precondition(result == COMP_OK)
                    return unsafe room - Int(stream.pointee.avail_out)
                }
            } while unsafe stream.pointee.internal_state.state != ZSTATE_END
        }
    }

    /// Makes the codes for texts like this one. Every text can be written with them, as every byte,
    /// length and distance has one.
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
