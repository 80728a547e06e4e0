internal import Kernel
internal import Synchronization

/// How many requests a producer may make: so many a second, and a burst after a pause.
///
/// Producers share 4,096 places by a hash that is keyed per process. A place holds the time until
/// which its producer has used up what it may; taking from it needs no lock.
package final class RateLimiter: Sendable {
    private let spent: InlineArray<4096, Atomic<UInt64>> = InlineArray { _ in Atomic(0) }
    private let intervalNanoseconds = Atomic<UInt64>(0)
    private let burstNanoseconds = Atomic<UInt64>(0)

    /// Does not limit if `perSecond` is 0.
    package init(perSecond: Int, burst: Int) {
        change(perSecond: perSecond, burst: burst)
    }

    /// Changes the rate and burst of every producer.
    package func change(perSecond: Int, burst: Int) {
        let interval = perSecond > 0 ? max(1_000_000_000 / UInt64(perSecond), 1) : 0
        intervalNanoseconds.store(interval, ordering: .relaxed)
        burstNanoseconds.store(
            interval.multipliedReportingOverflow(by: UInt64(max(burst, 1))).partialValue,
            ordering: .relaxed)
    }

    /// Takes one request of the producer with this key. `now` is monotonic.
    package func admits(_ key: Int, now: UInt64) -> Bool {
        let interval = intervalNanoseconds.load(ordering: .relaxed)
        if interval == 0 { return true }
        let burst = burstNanoseconds.load(ordering: .relaxed)
        let place = key & 4095
        while true {
            let before = spent[place].load(ordering: .relaxed)
            let after = max(before, now) &+ interval
            if after > now &+ burst { return false }
            let (exchanged, _) = spent[place].compareExchange(
                expected: before, desired: after, ordering: .relaxed)
            if exchanged { return true }
        }
    }

    /// The key of a name.
    package static func key(_ name: Span<UInt8>) -> Int {
        var hasher = Hasher()
        unsafe name.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return hasher.finalize()
    }
}
