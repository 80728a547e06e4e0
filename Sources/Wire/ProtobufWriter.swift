package import Kernel

/// Writes the fields of one protobuf message (protobuf.dev, "Encoding"). 0 and empty values are
/// written too: in io.prometheus.client, which is proto2, absent and 0 differ.
package struct ProtobufWriter: ~Copyable {
    private var buffer = Buffer(capacity: 256)

    package init() {}

    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { buffer.bytes }
    }

    /// Removes all fields and keeps the memory.
    package mutating func removeAll() {
        buffer.removeAll()
    }

    package mutating func write(_ field: UInt64, number: UInt64) {
        varint(field << 3)
        varint(number)
    }

    /// A number of type `sint32` or `sint64`.
    package mutating func write(_ field: UInt64, signed number: Int64) {
        write(field, number: UInt64(bitPattern: (number << 1) ^ (number >> 63)))
    }

    package mutating func write(_ field: UInt64, number: Double) {
        varint(field << 3 | 1)
        let bits = number.bitPattern
        for shift in 0..<8 {
            buffer.append(UInt8(truncatingIfNeeded: bits >> UInt64(8 * shift)))
        }
    }

    /// Text.
    package mutating func write(_ field: UInt64, bytes: borrowing Span<UInt8>) {
        varint(field << 3 | 2)
        varint(UInt64(bytes.count))
        buffer.append(bytes)
    }

    package mutating func write(_ field: UInt64, message: borrowing ProtobufWriter) {
        varint(field << 3 | 2)
        write(delimited: message)
    }

    /// A message behind its length.
    package mutating func write(delimited message: borrowing ProtobufWriter) {
        varint(UInt64(message.buffer.count))
        buffer.append(message.buffer.bytes)
    }

    private mutating func varint(_ number: UInt64) {
        buffer.append(varint: number)
    }

    /// Returns the buffer.
    package consuming func take() -> Buffer { buffer }
}

extension Buffer {
    /// Appends a number as a protobuf varint: seven bits per byte, the least significant first.
    package mutating func append(varint number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }
}
