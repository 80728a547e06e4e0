internal import CISAL
public import Kernel

/// A gzip compressor (RFC 1952) that is made once and used by one thread at a time.
///
/// ISA-L's level 1: about the ratio of zlib's level 1 at several times its speed.
@safe
public struct GzipEncoder: ~Copyable, @unchecked Sendable {
    // Whoever holds the value holds the compressor: nobody else can reach it.
    private let stream: UnsafeMutablePointer<isal_zstream>
    private let workspace: UnsafeMutablePointer<UInt8>

    public init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: isal_zstream())
        unsafe workspace = .allocate(capacity: Int(cisal_level1_bytes))
        unsafe workspace.initialize(repeating: 0, count: Int(cisal_level1_bytes))
    }

    deinit {
        unsafe workspace.deallocate()
        unsafe stream.deallocate()
    }

    /// Appends `plain`, compressed, to `buffer`, which grows by what the result needs.
    public func encode(_ plain: Span<UInt8>, into buffer: inout Buffer) {
        precondition(plain.count <= UInt32.max)
        let stream = unsafe stream
        unsafe isal_deflate_init(stream)
        unsafe stream.pointee.level = 1
        unsafe stream.pointee.level_buf = workspace
        unsafe stream.pointee.level_buf_size = cisal_level1_bytes
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
}
