internal import CText
internal import Kernel
internal import Wire

/// One observation of a bucket, with the trace that it belongs to.
package struct Exemplar: Sendable, Equatable {
    /// OpenMetrics 1.0 allows 128 characters in all names and values of an exemplar's labels.
    package static let traceLimit = 120

    /// The trace id, escaped.
    let trace: [UInt8]
    package let value: Double
    /// Unix seconds.
    package let timestamp: Double

    /// Nil for a trace id that is empty or too long, and for a time that is none.
    package init?(trace: String, value: Double, timestamp: Double) {
        guard !trace.isEmpty, trace.unicodeScalars.count <= Exemplar.traceLimit,
            timestamp >= 0, timestamp < 1e12
        else { return nil }
        self.trace = Escape.labelValue(trace)
        self.value = value
        self.timestamp = timestamp
    }

    /// ` # {trace_id="…"} value timestamp`
    var text: [UInt8] {
        Array(" # {trace_id=\"".utf8) + trace + Array("\"} ".utf8) + Exemplar.digits(value) + [0x20]
            + Exemplar.digits(milliseconds: UInt64(timestamp * 1000))
    }

    /// An `Exemplar` message of Prometheus's client model.
    var message: [UInt8] {
        var part = ProtobufWriter()
        part.write(1, bytes: Array("trace_id".utf8).span)
        part.write(2, bytes: plainTrace.span)
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

    /// The trace id as it was given.
    private var plainTrace: [UInt8] {
        var plain: [UInt8] = []
        var isEscaped = false
        for byte in trace {
            if byte == 0x5C, !isEscaped {
                isEscaped = true
                continue
            }
            plain.append(isEscaped && byte == 0x6E ? 0x0A : byte)
            isEscaped = false
        }
        return plain
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
