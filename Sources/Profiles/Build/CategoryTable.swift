internal import Kernel
internal import Statistics

/// Counts distinct texts, which stand one behind the other.
struct CategoryTable: ~Copyable {
    private struct Entry {
        var offset: Int
        var length: Int32
        var count: Int
    }

    private var index = HashIndex(capacity: 64)
    private var entries: [Entry] = []
    private var texts = Buffer(capacity: 1024)

    var count: Int { entries.count }
    /// Bytes that it holds, about; none while it is empty.
    var bytes: Int {
        entries.isEmpty ? 0 : index.byteCount + entries.capacity * 24 + texts.capacity
    }

    /// Adds rows of a text; returns how many it has then.
    @discardableResult
    mutating func add(_ text: Span<UInt8>, hash: UInt64, times: Int = 1) -> Int {
        let hash = Int(bitPattern: UInt(hash))
        if let known = index.number(of: hash, matches: { equals($0, text: text) }) {
            entries[known].count &+= times
            return entries[known].count
        }
        entries.append(Entry(offset: texts.count, length: Int32(text.count), count: times))
        texts.append(text)
        index.append(hash)
        return times
    }

    @inline(__always)
    private func equals(_ number: Int, text: Span<UInt8>) -> Bool {
        let entry = entries[number]
        return Int(entry.length) == text.count
            && texts.bytes.extracting(entry.offset..<entry.offset + text.count).equals(text)
    }

    /// Calls `body` with every text.
    borrowing func forEach<Failure: Error>(
        _ body: (_ text: Span<UInt8>, _ hash: UInt64, _ count: Int) throws(Failure) -> Void
    ) throws(Failure) {
        for (number, entry) in entries.enumerated() {
            let text = texts.bytes.extracting(entry.offset..<entry.offset + Int(entry.length))
            try body(text, UInt64(UInt(bitPattern: index.hash(of: number))), entry.count)
        }
    }
}

/// The commonest of many categories, and a profile's summary of the others.
struct CategoryRanking {
    private let limit: Int
    private var top: [(text: [UInt8], count: Int, hash: UInt64)] = []
    private var hashes: [UInt64] = []
    private var distinct = 0
    private var once = 0
    private var rows = 0

    /// Keeps at most `limit` categories by name.
    init(limit: Int) {
        self.limit = limit
    }

    /// Adds a category with all its rows.
    mutating func add(_ text: Span<UInt8>, hash: UInt64, count: Int) {
        distinct += 1
        rows += count
        if count == 1 { once += 1 }
        // Beyond this no hashes are kept, whatever follows.
        if hashes.count <= CategoricalSummary.hashLimit + limit { hashes.append(hash) }
        if top.count == limit, let last = top.last {
            if count < last.count { return }
            if count == last.count, !text.precedes(last.text.span) { return }
        }
        let place = top.firstIndex { other in
            count > other.count || (count == other.count && text.precedes(other.text.span))
        }
        top.insert((text.copied, count, hash), at: place ?? top.count)
        if top.count > limit { top.removeLast() }
    }

    func summary() -> CategoricalSummary {
        let categories = top.map { entry in
            CategoricalSummary.Category(
                value: String(decoding: entry.text, as: UTF8.self), count: entry.count)
        }
        var others: [UInt64]?
        if distinct - top.count <= CategoricalSummary.hashLimit {
            let named = Set(top.map(\.hash))
            others = hashes.filter { !named.contains($0) }.sorted()
        }
        var summary = CategoricalSummary(
            distinctCount: distinct, categories: categories, otherCount: 0, onceCount: once,
            hashes: others)
        summary.otherCount = rows - summary.valueCount
        return summary
    }
}
