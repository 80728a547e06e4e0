internal import CText

/// The upper bounds of a classic histogram's buckets, in ascending order and without `+Inf`, which
/// every histogram has. They are rendered once, canonically: `le="1.0"` in every format.
package struct BucketBounds: Sendable, Equatable {
    /// The most bounds of one histogram: each is a series of its own.
    package static let limit = 64

    package let values: [Double]
    /// What follows the labels of each bucket's sample, `+Inf` last: `,le="0.5"} `.
    private let tails: [UInt8]
    private let tailEnds: [Int]

    /// Nil if the bounds are not finite, do not ascend, or are more than `limit`.
    package init?(_ values: [Double]) {
        guard values.count <= BucketBounds.limit, values.allSatisfy(\.isFinite),
            zip(values, values.dropFirst()).allSatisfy({ $0 < $1 })
        else { return nil }
        self.init(ascending: values)
    }

    /// For constant bounds; that they ascend is a precondition.
    package init(ascending values: [Double]) {
        precondition(zip(values, values.dropFirst()).allSatisfy { $0 < $1 })
        self.values = values
        var tails: [UInt8] = []
        var ends: [Int] = []
        for value in values + [.infinity] {
            tails += ",le=\"".utf8
            tails += BucketBounds.canonical(value)
            tails += "\"} ".utf8
            ends.append(tails.count)
        }
        self.tails = tails
        tailEnds = ends
    }

    /// The number of buckets, including `+Inf`.
    package var bucketCount: Int { tailEnds.count }

    /// The index of the first bucket whose bound is not below `value`.
    @inline(__always)
    package func bucket(of value: Double) -> Int {
        let bounds = values.span
        var first = 0
        var count = bounds.count
        while count > 0 {
            let half = count / 2
            let isAbove = bounds[first &+ half] < value
            first = isAbove ? first &+ half &+ 1 : first
            count = isAbove ? count &- half &- 1 : half
        }
        return first
    }

    @_lifetime(borrow self)
    func tail(of bucket: Int) -> Span<UInt8> {
        tails.span.extracting((bucket == 0 ? 0 : tailEnds[bucket - 1])..<tailEnds[bucket])
    }

    /// A number as `le` and `quantile` have it: `1.0`, `0.005`, `1e+06`, `+Inf`.
    static func canonical(_ value: Double) -> [UInt8] {
        var text = unsafe [UInt8](unsafeUninitializedCapacity: Int(ctext_number_capacity)) {
            unsafe $1 = $0.baseAddress.map { unsafe ctext_number(value, $0) } ?? 0
        }
        if text.allSatisfy({ $0 == 0x2D || ($0 >= 0x30 && $0 <= 0x39) }) { text += ".0".utf8 }
        return text
    }
}
