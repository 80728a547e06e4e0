internal import Kernel
internal import Wire

/// The position of a string in the buffer of its batch.
package struct StringRef: Sendable, Equatable, BitwiseCopyable {
    package let offset: UInt32
    package let count: UInt32

    package init(offset: UInt32, count: UInt32) {
        self.offset = offset
        self.count = count
    }

    package static let empty = StringRef(offset: 0, count: 0)

    package var isEmpty: Bool { count == 0 }
}

/// A name, by its number in the batch: two names are equal if and only if their numbers are.
package struct Symbol: Sendable, Hashable, BitwiseCopyable {
    package let index: Int32

    package init(index: Int) {
        self.index = Int32(clamping: index)
    }

    /// Absent.
    package static let none = Symbol(index: -1)

    package var isNone: Bool { index < 0 }
}

/// The strings of a batch in one buffer. Those that are names are stored once and numbered.
/// `removeAll` keeps the memory.
struct SymbolTable: ~Copyable, Sendable {
    private var arena: Buffer
    private var texts: [StringRef] = []
    private var index = HashIndex(capacity: 256)

    init(capacity: Int) {
        arena = Buffer(capacity: capacity)
    }

    var count: Int { texts.count }
    var byteCount: Int { arena.count }
    var capacity: Int { arena.capacity }

    /// Cost: O(names since the last call).
    mutating func removeAll() {
        index.removeAll()
        texts.removeAll(keepingCapacity: true)
        arena.removeAll()
    }

    func text(_ name: Symbol) -> StringRef {
        texts[Int(name.index)]
    }

    @inline(__always)
    @_lifetime(borrow self)
    func bytes(_ text: StringRef) -> Span<UInt8> {
        let first = Int(text.offset)
        return arena.bytes.extracting(first..<first + Int(text.count))
    }

    @inline(__always)
    mutating func append(_ bytes: Span<UInt8>) -> StringRef {
        let text = StringRef(offset: UInt32(arena.count), count: UInt32(bytes.count))
        arena.append(bytes)
        return text
    }

    /// Whether the bytes are those of a name. Names that repeat are found without a hash.
    @inline(__always)
    func matches(_ name: Symbol, bytes: Span<UInt8>) -> Bool {
        name.isNone ? false : matches(Int(name.index), bytes: bytes)
    }

    @inline(__always)
    private func matches(_ number: Int, bytes: Span<UInt8>) -> Bool {
        let text = texts[number]
        return Int(text.count) == bytes.count && self.bytes(text).equals(bytes)
    }

    /// The symbol with these bytes, added if it is new.
    mutating func intern(_ bytes: Span<UInt8>) -> Symbol {
        let hash = bytes.keyedHash
        if let known = index.number(of: hash, matches: { matches($0, bytes: bytes) }) {
            return Symbol(index: known)
        }
        let name = Symbol(index: texts.count)
        texts.append(append(bytes))
        index.append(hash)
        return name
    }

    // MARK: Records

    func write(to record: inout ByteWriter) {
        record.write(arena.bytes)
        record.write(count: texts.count)
        for text in texts {
            record.write(UInt64(text.offset))
            record.write(UInt64(text.count))
        }
    }

    mutating func read(_ record: inout ByteReader) {
        removeAll()
        arena.append(record.text())
        for _ in 0..<record.count() {
            let offset = record.number(below: arena.count + 1)
            let count = record.number(below: arena.count - offset + 1)
            let text = StringRef(offset: UInt32(offset), count: UInt32(count))
            let hash = bytes(text).keyedHash
            texts.append(text)
            index.append(hash)
        }
    }
}
