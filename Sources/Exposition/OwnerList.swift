/// The samples of a family by owner, in ascending order of the owners' numbers.
///
/// The list is cut into chunks, because `push_time_seconds` has as many owners as there are groups: a
/// change of a list that has a copy copies one chunk and the list of chunks.
struct OwnerList: Sendable {
    private struct Item: Sendable {
        let owner: Int
        var part: RenderedFamily
    }

    /// A chunk that grows beyond this is split. With 10,000 owners a change then copies 64 to 128
    /// items and at most 160 chunk references.
    static let chunkLimit = 128

    // No chunk is empty.
    private var chunks: [[Item]] = []
    private(set) var count = 0

    /// The samples of an owner. Setting nil removes them.
    subscript(owner: Int) -> RenderedFamily? {
        get {
            guard let chunk = chunk(of: owner) else { return nil }
            let place = OwnerList.place(of: owner, in: chunks[chunk])
            return place < chunks[chunk].count && chunks[chunk][place].owner == owner
                ? chunks[chunk][place].part : nil
        }
        set {
            if let newValue {
                insert(newValue, of: owner)
            } else {
                remove(owner)
            }
        }
    }

    func forEach(_ body: (RenderedFamily) -> Void) {
        for chunk in chunks {
            for item in chunk { body(item.part) }
        }
    }

    private mutating func insert(_ part: RenderedFamily, of owner: Int) {
        guard let chunk = chunk(of: owner) else {
            chunks = [[Item(owner: owner, part: part)]]
            count = 1
            return
        }
        let place = OwnerList.place(of: owner, in: chunks[chunk])
        if place < chunks[chunk].count, chunks[chunk][place].owner == owner {
            chunks[chunk][place].part = part
            return
        }
        chunks[chunk].insert(Item(owner: owner, part: part), at: place)
        count += 1
        if chunks[chunk].count > OwnerList.chunkLimit { split(chunk, at: place) }
    }

    /// Owners are numbered in the order in which they come: a full last chunk stays full.
    private mutating func split(_ chunk: Int, at inserted: Int) {
        let isAppend = inserted == chunks[chunk].count - 1 && chunk == chunks.count - 1
        let middle = isAppend ? inserted : chunks[chunk].count / 2
        chunks.insert(Array(chunks[chunk][middle...]), at: chunk + 1)
        chunks[chunk].removeSubrange(middle...)
    }

    private mutating func remove(_ owner: Int) {
        guard let chunk = chunk(of: owner) else { return }
        let place = OwnerList.place(of: owner, in: chunks[chunk])
        guard place < chunks[chunk].count, chunks[chunk][place].owner == owner else { return }
        count -= 1
        if chunks[chunk].count == 1 {
            chunks.remove(at: chunk)
        } else {
            chunks[chunk].remove(at: place)
        }
    }

    /// The last chunk that begins at or before `owner`, else the first chunk; nil if the list is empty.
    private func chunk(of owner: Int) -> Int? {
        if chunks.isEmpty { return nil }
        var first = 0
        var last = chunks.count
        while last - first > 1 {
            let middle = (first + last) / 2
            if chunks[middle][0].owner <= owner { first = middle } else { last = middle }
        }
        return first
    }

    /// The position of an owner in a chunk, or the position to insert it.
    private static func place(of owner: Int, in chunk: [Item]) -> Int {
        var first = 0
        var last = chunk.count
        while first < last {
            let middle = (first + last) / 2
            if chunk[middle].owner < owner { first = middle + 1 } else { last = middle }
        }
        return first
    }
}
