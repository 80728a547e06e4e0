internal import CDeflate
public import Kernel

/// A gzip compressor (RFC 1952) that is made once and used by one thread at a time.
@safe
public struct GzipEncoder: ~Copyable, @unchecked Sendable {
    // Whoever holds the value holds the compressor: nobody else can reach it.
    private let compressor: OpaquePointer

    /// Level 1 is fast, 12 is small.
    public init(level: Int = 1) {
        precondition((1...12).contains(level))
        guard let compressor = unsafe libdeflate_alloc_compressor(Int32(level)) else {
            preconditionFailure("no memory for a compressor")
        }
        unsafe self.compressor = compressor
    }

    deinit {
        unsafe libdeflate_free_compressor(compressor)
    }

    /// Appends `plain`, compressed, to `buffer`.
    public func encode(_ plain: Span<UInt8>, into buffer: inout Buffer) {
        let compressor = unsafe compressor
        let room = unsafe libdeflate_gzip_compress_bound(compressor, plain.count)
        unsafe buffer.append(room: room) { target in
            unsafe plain.withUnsafeBytes { source in
                unsafe libdeflate_gzip_compress(
                    compressor, source.baseAddress ?? UnsafeRawPointer(target), source.count,
                    target, room)
            }
        }
    }
}
