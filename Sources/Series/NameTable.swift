internal import Kernel
package import Wire

/// Numbers names: 0, 1, 2 … in the order in which they are added. A look-up allocates nothing.
package struct NameTable: Sendable {
    private var index = HashIndex()
    private var ends: [Int] = [0]
    private var bytes: [UInt8] = []

    package init() {}

    package var count: Int { index.count }

    /// The number of a name; nil if it is not in the table.
    package func number(of name: Span<UInt8>) -> Int? {
        index.number(of: name.keyedHash) { name.equals(self[$0]) }
    }

    /// Adds a name that is not in the table. Returns its number.
    package mutating func add(_ name: Span<UInt8>) -> Int {
        for index in name.indices { bytes.append(name[index]) }
        ends.append(bytes.count)
        index.append(name.keyedHash)
        return count - 1
    }

    /// The name with this number.
    package subscript(number: Int) -> Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.span.extracting(ends[number]..<ends[number + 1]) }
    }

    /// Writes the names in the order of their numbers.
    package func write(to record: inout ByteWriter) {
        record.write(count: count)
        for number in 0..<count { record.write(self[number]) }
    }

    /// Reads the names that were written; a name that comes twice is damage.
    package init(_ record: inout ByteReader) {
        for _ in 0..<record.count() {
            let name = record.text()
            if number(of: name) == nil { _ = add(name) } else { record.damage() }
        }
    }
}
