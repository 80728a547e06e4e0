internal import Kernel
package import Wire

/// Numbers names: 0, 1, 2 … in the order in which they are added. A look-up allocates nothing. The
/// hash is keyed per process, so that a client cannot choose names that collide.
///
/// Not a `Dictionary`, because a look-up by bytes would have to make a key first.
package struct NameTable: Sendable {
    private var slots: [Int32] = [Int32](repeating: -1, count: 8)
    private var hashes: [Int] = []
    private var ends: [Int] = [0]
    private var bytes: [UInt8] = []

    package init() {}

    package var count: Int { hashes.count }

    /// The number of a name; nil if it is not in the table.
    package func number(of name: Span<UInt8>) -> Int? {
        let hash = NameTable.hash(name)
        var place = hash & (slots.count - 1)
        while slots[place] >= 0 {
            let number = Int(slots[place])
            if hashes[number] == hash, name.equals(self[number]) { return number }
            place = (place + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Adds a name that is not in the table. Returns its number.
    package mutating func add(_ name: Span<UInt8>) -> Int {
        let number = count
        hashes.append(NameTable.hash(name))
        for index in name.indices { bytes.append(name[index]) }
        ends.append(bytes.count)
        if count * 2 > slots.count {
            slots = [Int32](repeating: -1, count: slots.count * 2)
            for known in 0..<number { insert(known) }
        }
        insert(number)
        return number
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

    private mutating func insert(_ number: Int) {
        var place = hashes[number] & (slots.count - 1)
        while slots[place] >= 0 { place = (place + 1) & (slots.count - 1) }
        slots[place] = Int32(number)
    }

    private static func hash(_ name: Span<UInt8>) -> Int {
        var hasher = Hasher()
        unsafe name.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return hasher.finalize()
    }
}
