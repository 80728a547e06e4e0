internal import Kernel
internal import Wire

/// The parts of a batch's record: names, strings, values, ranges. A number beyond what the batch has
/// is damage.
extension Batch {
    func name(_ record: inout ByteReader, required: Bool = false) -> Symbol {
        let name = Symbol(index: record.number(below: nameCount + 1) - 1)
        if required, name.isNone { record.damage() }
        return name
    }

    func text(_ record: inout ByteReader) -> StringRef {
        let offset = record.number(below: names.byteCount + 1)
        let count = record.number(below: names.byteCount - offset + 1)
        return StringRef(offset: UInt32(offset), count: UInt32(count))
    }

    func value(_ record: inout ByteReader) -> Value {
        switch Value.Kind(rawValue: UInt8(record.number(below: 5))) {
        case .number?: return Value(record.double())
        case .text?: return Value(text(&record))
        case .notFiniteWord?: return Value(text(&record), isNotFinite: true)
        case .notFinite?: return .notFinite
        case .missing?, nil: return .missing
        }
    }

    func range(_ record: inout ByteReader, count: Int) -> Range<Int> {
        let start = record.number(below: count + 1)
        let length = record.number(below: count - start + 1)
        return start..<start + length
    }
}

extension ByteWriter {
    mutating func write(_ name: Symbol) {
        write(count: Int(name.index) + 1)
    }

    mutating func write(_ text: StringRef) {
        write(UInt64(text.offset))
        write(UInt64(text.count))
    }

    mutating func write(_ range: Range<Int>) {
        write(count: range.lowerBound)
        write(count: range.count)
    }

    mutating func write(_ value: Value) {
        write(UInt64(value.kind.rawValue))
        switch value.kind {
        case .number: write(value.number)
        case .text, .notFiniteWord: write(value.text)
        case .notFinite, .missing: return
        }
    }
}
