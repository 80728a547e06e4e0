internal import CText
internal import Kernel

/// Samples whose labels are kept apart from the name, so that many families share them. Their owner
/// guarantees that no two are the same and that no other owner writes such labels, so they are not
/// compared.
extension Page {
    /// Writes a sample of `family`, the one begun last. `labels` are a `LabelSet`'s bytes.
    @inline(__always)
    package mutating func row(_ family: Family, labels: Span<UInt8>, value: UInt64) {
        if familyIsRefused { return }
        samples += 1
        if format == .protobuf {
            encoder.writeSample(family.kind, labels: labels, value: Double(value), to: &body)
            return
        }
        put(family.nameBytes.span, suffix: "", labels: labels, tail: Page.end.span, value: value)
    }

    /// Writes a sample of `family`, the one begun last. `labels` are a `LabelSet`'s bytes.
    @inline(__always)
    package mutating func row(_ family: Family, labels: Span<UInt8>, value: Double) {
        if familyIsRefused { return }
        samples += 1
        if format == .protobuf {
            encoder.writeSample(family.kind, labels: labels, value: value, to: &body)
            return
        }
        put(family.nameBytes.span, suffix: "", labels: labels, tail: Page.end.span, value: value)
    }

    /// Writes the samples of one histogram of `family`, the one begun last. `counts` has each bucket's
    /// own observations, not those of the buckets below it.
    ///
    /// `exemplars` has one element per bucket, or none; text 0.0.4 does not show them. `native` has
    /// the exponential buckets, which protobuf alone shows.
    package mutating func histogram(
        _ family: Family, labels: Span<UInt8>, bounds: BucketBounds, counts: Span<UInt64>,
        sum: Double, exemplars: [Exemplar?] = [], native: NativeHistogram? = nil
    ) {
        if familyIsRefused { return }
        precondition(counts.count == bounds.bucketCount)
        samples += counts.count + 2
        if format == .protobuf {
            encoder.writeHistogram(
                labels: labels, bounds: bounds, counts: counts, sum: sum,
                extras: HistogramExtras(native: native, exemplars: exemplars), to: &body)
            return
        }
        let name = family.nameBytes.span
        let showsExemplars = format == .openMetrics && exemplars.count == counts.count
        var total: UInt64 = 0
        for bucket in 0..<counts.count {
            total &+= counts[bucket]
            put(
                name, suffix: "_bucket", labels: labels, tail: bounds.tail(of: bucket), value: total
            )
            if showsExemplars, let exemplar = exemplars[bucket] {
                body.truncate(to: body.count - 1)
                body.append(exemplar.text)
                body.append(0x0A)
            }
        }
        put(name, suffix: "_sum", labels: labels, tail: Page.end.span, value: sum)
        put(name, suffix: "_count", labels: labels, tail: Page.end.span, value: total)
    }

    private static let end: [UInt8] = [0x7D, 0x20]

    @inline(__always)
    private mutating func put(
        _ name: Span<UInt8>, suffix: StaticString, labels: Span<UInt8>, tail: Span<UInt8>,
        value: UInt64
    ) {
        let capacity = name.count + suffix.utf8CodeUnitCount + labels.count + tail.count + 24
        unsafe body.append(upTo: capacity) { target in
            let start = unsafe Page.head(
                name, suffix: suffix, labels: labels, tail: tail, target: target)
            let length = unsafe ctext_unsigned(value, target + start)
            unsafe target[start + length] = 0x0A
            return start + length + 1
        }
    }

    @inline(__always)
    private mutating func put(
        _ name: Span<UInt8>, suffix: StaticString, labels: Span<UInt8>, tail: Span<UInt8>,
        value: Double
    ) {
        let capacity =
            name.count + suffix.utf8CodeUnitCount + labels.count + tail.count
            + Int(ctext_number_capacity) + 2
        unsafe body.append(upTo: capacity) { target in
            let start = unsafe Page.head(
                name, suffix: suffix, labels: labels, tail: tail, target: target)
            let length = unsafe ctext_number(value, target + start)
            unsafe target[start + length] = 0x0A
            return start + length + 1
        }
    }

    /// Writes `name`, `suffix`, a brace, `labels` and `tail`; returns their length.
    @inline(__always)
    private static func head(
        _ name: Span<UInt8>, suffix: StaticString, labels: Span<UInt8>, tail: Span<UInt8>,
        target: UnsafeMutablePointer<UInt8>
    ) -> Int {
        var count = unsafe copy(name, to: target)
        let suffixCount = suffix.utf8CodeUnitCount
        unsafe (target + count).update(from: suffix.utf8Start, count: suffixCount)
        count += suffixCount
        if labels.isEmpty {
            // No comma before the first label, and no braces around nothing.
            let hasOwn = tail.count > Page.end.count
            if hasOwn { unsafe target[count] = 0x7B }
            return unsafe count + (hasOwn ? 1 : 0)
                + copy(tail.extracting(droppingFirst: 1), to: target + count + (hasOwn ? 1 : 0))
        }
        unsafe target[count] = 0x7B
        count += 1
        count += unsafe copy(labels, to: target + count)
        return unsafe count + copy(tail, to: target + count)
    }

    @inline(__always)
    private static func copy(_ bytes: Span<UInt8>, to target: UnsafeMutablePointer<UInt8>) -> Int {
        unsafe bytes.withUnsafeBufferPointer { source in
            if let base = source.baseAddress {
                unsafe target.update(from: base, count: source.count)
            }
        }
        return bytes.count
    }
}
