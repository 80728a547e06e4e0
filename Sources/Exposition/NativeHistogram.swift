internal import Glibc
internal import Kernel
package import Wire

/// A histogram whose buckets grow by the factor 2^(2^-schema), as Prometheus stores it: bucket i
/// counts the values above factor^(i-1) and up to factor^i. It has as many buckets as its values span;
/// beyond `bucketLimit`, neighbours are joined.
package struct NativeHistogram: Sendable, Equatable {
    /// The most buckets of one histogram, as in Prometheus's client libraries.
    package static let bucketLimit = 160
    /// The schema of an empty histogram: a factor of 2^(1/8), about 1.09.
    static let startSchema = 3
    static let leastSchema = -4
    /// Values up to this count as 0: 2^-128, as in client_golang.
    static let zeroThreshold = 0x1p-128

    private(set) var schema = NativeHistogram.startSchema
    private(set) var zeroCount: UInt64 = 0
    /// The index of the first of `counts`.
    private(set) var first = 0
    private(set) var counts: [UInt64] = []

    package init() {}

    /// Adds observations of one value, which is finite and not negative.
    package mutating func observe(_ value: Double, times: UInt64 = 1) {
        if !(value > NativeHistogram.zeroThreshold) || !value.isFinite {
            zeroCount &+= times
            return
        }
        while true {
            let index = NativeHistogram.index(of: value, schema: schema)
            if reach(index) {
                counts[index - first] &+= times
                return
            }
            join()
        }
    }

    /// The index of the bucket of a value that is finite and above 0.
    static func index(of value: Double, schema: Int) -> Int {
        // value is fraction times 2 to the power of exponent, the fraction in 0.5..<1.
        let exponent = Int(value.exponent) + 1
        let fraction = value.significand / 2
        if schema > 0 {
            let bounds = NativeHistogram.bounds.span
            let step = bounds.count >> schema
            var place = 0
            while place < bounds.count, bounds[place] < fraction { place += step }
            return place / step + (exponent - 1) << schema
        }
        let index = fraction == 0.5 ? exponent - 1 : exponent
        return (index + (1 << -schema) - 1) >> -schema
    }

    /// 2^(k/8 - 1) for k in 0..<8: the upper bounds of the buckets between 0.5 and 1.
    private static let bounds: [Double] = (0..<1 << startSchema).map {
        exp2(Double($0) / Double(1 << startSchema) - 1)
    }

    /// Extends `counts` to include a bucket. Returns false if that takes more than `bucketLimit` buckets.
    private mutating func reach(_ index: Int) -> Bool {
        if counts.isEmpty {
            first = index
            counts = [0]
            return true
        }
        let last = first + counts.count - 1
        if index >= first, index <= last { return true }
        if max(last, index) - min(first, index) >= NativeHistogram.bucketLimit {
            // At the lowest schema the buckets span all doubles.
            precondition(schema > NativeHistogram.leastSchema)
            return false
        }
        if index < first {
            counts.insert(contentsOf: repeatElement(0, count: first - index), at: 0)
            first = index
        } else {
            counts += repeatElement(0, count: index - last)
        }
        return true
    }

    /// Joins neighbours: every bucket becomes twice as wide.
    private mutating func join() {
        var joined = NativeHistogram()
        joined.schema = schema - 1
        joined.zeroCount = zeroCount
        for (place, count) in counts.enumerated() where count > 0 {
            let index = (first + place + 1) >> 1
            _ = joined.reach(index)
            joined.counts[index - joined.first] &+= count
        }
        self = joined
    }

    /// Writes the histogram for a snapshot.
    package func write(to record: inout ByteWriter) {
        record.write(count: schema - NativeHistogram.leastSchema)
        record.write(zeroCount)
        // Indices lie between -8,600 and 8,200.
        record.write(count: first + NativeHistogram.indexLimit)
        record.write(count: counts.count)
        for count in counts { record.write(count) }
    }

    /// Reads what `write(to:)` wrote; a damaged record leaves the reader in error.
    package init(_ record: inout ByteReader) {
        let range = NativeHistogram.startSchema - NativeHistogram.leastSchema + 1
        schema = record.number(below: range) + NativeHistogram.leastSchema
        zeroCount = record.number()
        first = record.number(below: 2 * NativeHistogram.indexLimit) - NativeHistogram.indexLimit
        for _ in 0..<record.number(below: NativeHistogram.bucketLimit + 1) {
            counts.append(record.number())
        }
    }

    private static let indexLimit = 1 << 14

    /// Writes the fields of a `Histogram` message that hold these buckets. More than two empty buckets in
    /// a row are left out, which takes a new span but fewer bytes.
    func write(to message: inout ProtobufWriter) {
        message.write(5, signed: Int64(schema))
        message.write(6, number: NativeHistogram.zeroThreshold)
        message.write(7, number: zeroCount)
        var span = ProtobufWriter()
        var deltas: [Int64] = []
        var length = 0
        var offset = 0
        var gap = first
        var previous: UInt64 = 0
        func endSpan(_ span: inout ProtobufWriter, message: inout ProtobufWriter) {
            span.removeAll()
            span.write(1, signed: Int64(offset))
            span.write(2, number: UInt64(length))
            message.write(12, message: span)
        }
        for count in counts {
            if count == 0 {
                gap += 1
                continue
            }
            let isFar = length == 0 || gap > 2
            if isFar {
                if length > 0 { endSpan(&span, message: &message) }
                offset = gap
                length = 0
            } else {
                for _ in 0..<gap {
                    deltas.append(-Int64(bitPattern: previous))
                    previous = 0
                    length += 1
                }
            }
            gap = 0
            length += 1
            deltas.append(Int64(bitPattern: count &- previous))
            previous = count
        }
        // Without any bucket, an empty span marks the histogram as native.
        endSpan(&span, message: &message)
        for delta in deltas { message.write(13, signed: delta) }
    }
}
