internal import Kernel
internal import Statistics

/// The categories of a column with their rows, in memory or partly in a temporary file.
final class CategoryStore {
    private let budget: MemoryBudget
    private var table = CategoryTable()
    private var file: SpillFile?
    private var extents: [SpillFile.Extent] = []
    /// Rows with a value.
    private(set) var count = 0
    /// Bytes of memory that have been taken from the budget.
    private(set) var bytes = 0

    init(_ budget: MemoryBudget) {
        self.budget = budget
    }

    deinit {
        budget.release(bytes)
    }

    /// Forgets all categories.
    func removeAll() {
        table = CategoryTable()
        extents = []
        file = nil
        count = 0
        account()
    }

    @inline(__always)
    func add(_ text: Span<UInt8>) {
        count &+= 1
        if table.add(text, hash: CategoricalReference.hash(text)) == 1 { account() }
    }

    private func account() {
        let now = table.bytes
        if now != bytes {
            budget.take(now - bytes)
            bytes = now
        }
    }

    /// Writes the table to a file and empties it. A category may then be there several times.
    func spill(to file: SpillFile) throws(InputError) {
        self.file = file
        var block: [UInt8] = []
        try table.forEach { (text, hash, count) throws(InputError) in
            unsafe withUnsafeBytes(of: hash) { unsafe block.append(contentsOf: $0) }
            unsafe withUnsafeBytes(of: Int64(count)) { unsafe block.append(contentsOf: $0) }
            unsafe withUnsafeBytes(of: Int32(text.count)) { unsafe block.append(contentsOf: $0) }
            block.append(contentsOf: text.copied)
            if block.count >= 1 << 16 { try flush(&block, to: file) }
        }
        try flush(&block, to: file)
        table = CategoryTable()
        account()
    }

    private func flush(_ block: inout [UInt8], to file: SpillFile) throws(InputError) {
        if block.isEmpty { return }
        var result: Result<SpillFile.Extent, InputError>?
        unsafe block.withUnsafeBytes { bytes in
            do throws(InputError) {
                result = .success(unsafe try file.append(bytes))
            } catch {
                result = .failure(error)
            }
        }
        if let result { extents.append(try result.get()) }
        block.removeAll(keepingCapacity: true)
    }

    /// The ranking of all categories. What was spilled is added up in as many passes over the file as the
    /// memory needs, a part of the hashes in each.
    func ranking(limit: Int) throws(InputError) -> CategoryRanking {
        var ranking = CategoryRanking(limit: limit)
        guard let file else {
            table.forEach { text, hash, count in ranking.add(text, hash: hash, count: count) }
            return ranking
        }
        try spill(to: file)
        let spilled = extents.reduce(0) { $0 + $1.count }
        // A table takes less than three times what its texts take in the file.
        let parts = UInt64(max(1, (spilled * 3 + budget.left - 1) / budget.left))
        for part in 0..<parts {
            var table = CategoryTable()
            for extent in extents {
                try CategoryStore.forEachSpilled(in: file, at: extent) { text, hash, count in
                    if (hash >> 32) % parts == part { table.add(text, hash: hash, times: count) }
                }
            }
            table.forEach { text, hash, count in ranking.add(text, hash: hash, count: count) }
        }
        return ranking
    }

    private static func forEachSpilled(
        in file: SpillFile, at extent: SpillFile.Extent,
        body: (_ text: Span<UInt8>, _ hash: UInt64, _ count: Int) -> Void
    ) throws(InputError) {
        var block = [UInt8](repeating: 0, count: extent.count)
        var failure: InputError?
        unsafe block.withUnsafeMutableBytes { bytes in
            do throws(InputError) {
                if unsafe try file.read(into: bytes, offset: extent.offset) < extent.count {
                    failure = .content("the temporary file is shorter than what was written to it")
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        var at = 0
        while at < block.count {
            let hash = unsafe block.withUnsafeBytes {
                unsafe $0.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            }
            let count = unsafe block.withUnsafeBytes {
                unsafe Int($0.loadUnaligned(fromByteOffset: at + 8, as: Int64.self))
            }
            let length = unsafe block.withUnsafeBytes {
                unsafe Int($0.loadUnaligned(fromByteOffset: at + 16, as: Int32.self))
            }
            at += 20
            body(block.span.extracting(at..<at + length), hash, count)
            at += length
        }
    }
}
