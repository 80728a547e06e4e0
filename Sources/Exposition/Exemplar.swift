internal import CText
internal import Kernel
internal import Wire

/// One observation of a bucket, with the id of the trace it belongs to.
package struct Exemplar: Sendable, Equatable {
    /// The most characters of a trace id: OpenMetrics 1.0 allows 128 in all names and values of an
    /// exemplar's labels together, and `trace_id` takes eight.
    package static let traceLimit = 120

    /// The trace id.
    let trace: String
    package let value: Double
    /// Unix seconds.
    package let timestamp: Double

    /// Nil if the trace id is empty or longer than `traceLimit`, or if the time is negative, NaN or
    /// beyond the year 33,000.
    package init?(trace: String, value: Double, timestamp: Double) {
        guard !trace.isEmpty, trace.unicodeScalars.count <= Exemplar.traceLimit,
            timestamp >= 0, timestamp < 1e12
        else { return nil }
        self.trace = trace
        self.value = value
        self.timestamp = timestamp
    }

    /// What OpenMetrics appends to a bucket's line: ` # {trace_id="…"} value timestamp`.
    var text: [UInt8] {
        Array(" # {trace_id=\"".utf8) + Escape.labelValue(trace) + Array("\"} ".utf8)
            + Exemplar.digits(value) + [0x20]
            + Exemplar.digits(milliseconds: UInt64(timestamp * 1000))
    }

    /// An `Exemplar` message of Prometheus's client model.
    var message: [UInt8] {
        var part = ProtobufWriter()
        part.write(1, bytes: Array("trace_id".utf8).span)
        part.write(2, bytes: trace.utf8Span.span)
        var message = ProtobufWriter()
        message.write(1, message: part)
        message.write(2, number: value)
        part.removeAll()
        let milliseconds = UInt64(timestamp * 1000)
        part.write(1, number: milliseconds / 1000)
        part.write(2, number: milliseconds % 1000 * 1_000_000)
        message.write(3, message: part)
        return message.bytes.copied
    }

    private static func digits(_ value: Double) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: Int(ctext_number_capacity)) {
            unsafe $1 = $0.baseAddress.map { unsafe ctext_number(value, $0) } ?? 0
        }
    }

    /// Seconds in plain digits: an exponent would be legal and hard to read.
    private static func digits(milliseconds: UInt64) -> [UInt8] {
        Array("\(milliseconds / 1000).\(String(milliseconds % 1000 + 1000).dropFirst())".utf8)
    }
}
