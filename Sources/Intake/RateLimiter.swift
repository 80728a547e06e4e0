internal import Kernel
internal import Synchronization

/// How many requests a producer may make: so many a second, and a burst after a pause.
///
/// Producers share 4,096 places by a hash that is keyed per process. A place holds the time until
/// which its producer has used up what it may; taking from it needs no lock.
public final class RateLimiter: Sendable {
    private let spent: InlineArray<4096, Atomic<UInt64>> = InlineArray { _ in Atomic(0) }
    private let intervalNanoseconds: UInt64
    private let burstNanoseconds: UInt64

    /// Nobody is limited when `perSecond` is 0.
    public init(perSecond: Int, burst: Int) {
        intervalNanoseconds = perSecond > 0 ? max(1_000_000_000 / UInt64(perSecond), 1) : 0
        burstNanoseconds = intervalNanoseconds * UInt64(max(burst, 1))
    }

    /// Takes one request of the producer with this key. `now` is monotonic.
    public func admits(_ key: Int, now: UInt64) -> Bool {
        if intervalNanoseconds == 0 { return true }
        let place = key & 4095
        while true {
            let before = spent[place].load(ordering: .relaxed)
            let after = max(before, now) &+ intervalNanoseconds
            if after > now &+ burstNanoseconds { return false }
            let (exchanged, _) = spent[place].compareExchange(
                expected: before, desired: after, ordering: .relaxed)
            if exchanged { return true }
        }
    }

    /// The key of a name.
    public static func key(_ name: Span<UInt8>) -> Int {
        var hasher = Hasher()
        unsafe name.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return hasher.finalize()
    }
}
