internal import CISAL

/// CRC-32 of stored bytes (ISO 3309, as gzip uses it), mixed with where they stand so that bytes in
/// a wrong place are found as well.
enum Checksum {
    static func of(_ bytes: borrowing Span<UInt8>, at position: Int64) -> Int64 {
        let seed = UInt32(truncatingIfNeeded: position &* 0x9E37_79B9)
        let sum = unsafe bytes.withUnsafeBufferPointer { bytes -> UInt32 in
            // The C function only reads, and takes no null pointer.
            guard let start = bytes.baseAddress else { return seed }
            return unsafe crc32_gzip_refl(seed, start, UInt64(bytes.count))
        }
        return Int64(sum)
    }
}
