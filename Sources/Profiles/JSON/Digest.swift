internal import CNettle

/// SHA-256 by nettle.
@safe
package struct Digest: ~Copyable {
    private let state: UnsafeMutablePointer<sha256_ctx>

    package init() {
        unsafe state = .allocate(capacity: 1)
        unsafe nettle_sha256_init(state)
    }

    deinit {
        unsafe state.deallocate()
    }

    package mutating func add(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe nettle_sha256_update(state, bytes.count, bytes.baseAddress)
        }
    }

    /// The 32 bytes of all that was added; the next digest begins.
    package mutating func finish() -> [UInt8] {
        let size = Int(SHA256_DIGEST_SIZE)
        return unsafe [UInt8](unsafeUninitializedCapacity: size) { target, count in
            unsafe nettle_sha256_digest(state, size, target.baseAddress)
            count = size
        }
    }
}
