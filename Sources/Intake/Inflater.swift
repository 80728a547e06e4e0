internal import CDeflate
package import Kernel

/// Decompresses gzip (RFC 1952) up to a limit.
@safe
package struct Inflater: ~Copyable {
    /// Why a body was not decompressed.
    package enum Failure: Error, Equatable {
        /// Not gzip, or damaged, or truncated.
        case damaged
        /// More than this many decompressed bytes.
        case tooLarge(Int)
        /// A compression ratio beyond the limit: this many decompressed bytes are allowed.
        case tooDense(Int)
        /// The claim does not allow as much memory as the plain bytes take.
        case shortage(ByteShortage)
    }

    private let decompressor: OpaquePointer

    package init() {
        guard let decompressor = unsafe libdeflate_alloc_decompressor() else {
            preconditionFailure("no memory for a decompressor")
        }
        unsafe self.decompressor = decompressor
    }

    deinit {
        unsafe libdeflate_free_decompressor(decompressor)
    }

    /// Appends the members of `body` to `plain`, whose bytes `claim` holds. On failure `plain` is as
    /// before.
    package mutating func inflate(
        _ body: Span<UInt8>, into plain: inout Buffer, limits: EventLimits, claim: ByteClaim? = nil
    ) throws(Failure) {
        let dense = max(limits.ratioFreeBytes, body.count.multipliedClamping(by: limits.ratio))
        let allowed = min(limits.plainBytes, dense)
        let tooMuch: Failure =
            allowed == limits.plainBytes ? .tooLarge(allowed) : .tooDense(allowed)
        let first = plain.count
        var taken = 0
        repeat {
            let rest = body.extracting(droppingFirst: taken)
            // The smallest member has 20 bytes; its last 4 say how long the plain bytes are.
            guard rest.count >= 20 else { throw failed(.damaged, plain: &plain, first: first) }
            let left = allowed - (plain.count - first)
            let claimed = Inflater.claimedBytes(rest)
            // In a body that is truncated or has other bytes at its end, the claimed length is
            // arbitrary. If it is beyond the limit, decompressing up to the limit shows whether the
            // body is too large or damaged.
            let likely = claimed > left ? rest.count.multipliedClamping(by: 4) : claimed
            var capacity = min(max(likely, 256), left)
            inflating: while true {
                do throws(ByteShortage) {
                    try claim?.grow(to: plain.count + capacity)
                } catch {
                    throw failed(.shortage(error), plain: &plain, first: first)
                }
                switch step(rest, plain: &plain, capacity: capacity) {
                case .done(let read):
                    taken += read
                    break inflating
                case .full where capacity < left:
                    capacity = min(capacity.multipliedClamping(by: 2), left)
                case .full: throw failed(tooMuch, plain: &plain, first: first)
                case .damaged: throw failed(.damaged, plain: &plain, first: first)
                }
            }
        } while taken < body.count
    }

    private enum Step {
        case done(Int)
        case full
        case damaged
    }

    private func step(_ body: Span<UInt8>, plain: inout Buffer, capacity: Int) -> Step {
        var read = 0
        var code = LIBDEFLATE_BAD_DATA
        unsafe body.withUnsafeBytes { source in
            unsafe plain.append(upTo: capacity) { target in
                var written = 0
                unsafe code = libdeflate_gzip_decompress_ex(
                    decompressor, source.baseAddress, source.count, target, capacity, &read,
                    &written)
                return code == LIBDEFLATE_SUCCESS ? written : 0
            }
        }
        switch code {
        case LIBDEFLATE_SUCCESS: return .done(read)
        case LIBDEFLATE_INSUFFICIENT_SPACE: return .full
        default: return .damaged
        }
    }

    private func failed(_ failure: Failure, plain: inout Buffer, first: Int) -> Failure {
        plain.truncate(to: first)
        return failure
    }

    private static func claimedBytes(_ member: Span<UInt8>) -> Int {
        var bytes = 0
        for index in 0..<4 { bytes |= Int(member[member.count - 4 + index]) << (8 * index) }
        return bytes
    }
}

extension Int {
    /// The product of two numbers that are not negative, `Int.max` on overflow.
    func multipliedClamping(by factor: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}
