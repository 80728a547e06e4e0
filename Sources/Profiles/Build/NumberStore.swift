internal import Kernel
internal import Statistics

/// The finite values of a column in memory or in a temporary file, and their visit in ascending order in
/// any amount of memory.
final class NumberStore {
    private static let chunkSize = 8192

    private let budget: MemoryBudget
    private var chunks: [[Double]] = []
    private var tail: [Double] = []
    private var file: SpillFile?
    private var extents: [SpillFile.Extent] = []
    private(set) var count = 0
    /// The sum of the chunks that are full.
    private var chunkMean = ScaleMean()

    init(_ budget: MemoryBudget) {
        self.budget = budget
    }

    deinit {
        budget.release(bytes)
    }

    /// Forgets all values.
    func removeAll() {
        chunks = []
        tail = []
        extents = []
        file = nil
        count = 0
        chunkMean = ScaleMean()
        budget.release(bytes)
        bytes = 0
    }

    /// Bytes of values in memory that can be spilled.
    private(set) var bytes = 0

    @inline(__always)
    func append(_ value: Double) {
        tail.append(value)
        count &+= 1
        if tail.count == NumberStore.chunkSize { finishChunk() }
    }

    /// Sum and extremes of all values. Whole chunks are added at a time: that a class's property may be
    /// changed is checked once for each access.
    var mean: ScaleMean {
        var mean = chunkMean
        for value in tail { mean.add(value) }
        return mean
    }

    private func finishChunk() {
        var mean = chunkMean
        for value in tail { mean.add(value) }
        chunkMean = mean
        budget.take(tail.count * 8)
        bytes += tail.count * 8
        chunks.append(tail)
        tail = []
        tail.reserveCapacity(NumberStore.chunkSize)
    }

    /// Moves the values into a file.
    func spill(to file: SpillFile) throws(InputError) {
        self.file = file
        for chunk in chunks {
            // Neighbouring extents become one, so that reading is sequential where writing was.
            let extent = try NumberStore.write(chunk, to: file)
            if let last = extents.last, last.offset + last.count == extent.offset {
                extents[extents.count - 1].count += extent.count
            } else {
                extents.append(extent)
            }
        }
        chunks = []
        budget.release(bytes)
        bytes = 0
    }

    private static func write(
        _ chunk: [Double], to file: SpillFile
    ) throws(InputError) -> SpillFile.Extent {
        var result: Result<SpillFile.Extent, InputError>?
        unsafe chunk.withUnsafeBytes { bytes in
            do throws(InputError) {
                result = .success(unsafe try file.append(bytes))
            } catch {
                result = .failure(error)
            }
        }
        guard let result else { preconditionFailure("the body of a buffer access ran") }
        return try result.get()
    }

    /// Calls `body` with every value, in the order in which they came.
    func forEach(_ body: (Double) -> Void) throws(InputError) {
        if let file {
            var block = [Double](repeating: 0, count: NumberStore.chunkSize)
            for extent in extents {
                var offset = extent.offset
                let end = extent.offset + extent.count
                while offset < end {
                    let wanted = min(end - offset, NumberStore.chunkSize * 8)
                    try NumberStore.read(wanted, at: offset, of: file, into: &block)
                    for index in 0..<wanted / 8 { body(block[index]) }
                    offset += wanted
                }
            }
        }
        for chunk in chunks {
            for value in chunk { body(value) }
        }
        for value in tail { body(value) }
    }

    private static func read(
        _ count: Int, at offset: Int, of file: SpillFile, into block: inout [Double]
    ) throws(InputError) {
        var failure: InputError?
        unsafe block.withUnsafeMutableBytes { bytes in
            do throws(InputError) {
                let target = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[..<count])
                if unsafe try file.read(into: target, offset: offset) < count {
                    failure = .content("the temporary file is shorter than what was written to it")
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    // MARK: Ascending order

    /// Calls `body` with every value in ascending order. Beyond the budget the values are selected by
    /// ranges, a pass over the file for each.
    func forEachAscending(_ body: (Double, _ times: Int) -> Void) throws(InputError) {
        try visit(0...UInt64.max, count: count, body: body)
    }

    /// Visits the values whose keys lie in a range, of which there are `count`.
    private func visit(
        _ range: ClosedRange<UInt64>, count: Int, body: (Double, _ times: Int) -> Void
    ) throws(InputError) {
        if count == 0 { return }
        if range.lowerBound == range.upperBound {
            return body(SortKey.value(range.lowerBound), count)
        }
        if count * 16 <= budget.left {
            var keys: [UInt64] = []
            keys.reserveCapacity(count)
            try forEach { value in
                let key = SortKey.key(value)
                if range.contains(key) { keys.append(key) }
            }
            var scratch = [UInt64](repeating: 0, count: count)
            SortKey.sort(&keys, scratch: &scratch)
            for key in keys { body(SortKey.value(key), 1) }
            return
        }
        let bits = UInt64(64 - (range.upperBound - range.lowerBound).leadingZeroBitCount)
        let shift = bits > 12 ? bits - 12 : 0
        var counts = [Int](repeating: 0, count: 1 << 12)
        try forEach { value in
            let key = SortKey.key(value)
            if range.contains(key) { counts[Int((key - range.lowerBound) >> shift)] += 1 }
        }
        var first = 0
        while first < counts.count {
            var sum = counts[first]
            var last = first
            while last + 1 < counts.count, (sum + counts[last + 1]) * 16 <= budget.left {
                last += 1
                sum += counts[last]
            }
            let low = range.lowerBound + UInt64(first) << shift
            let (end, isOver) = range.lowerBound.addingReportingOverflow(UInt64(last + 1) << shift)
            let high =
                isOver || last + 1 == counts.count
                ? range.upperBound : min(end - 1, range.upperBound)
            if sum > 0 { try visit(low...high, count: sum, body: body) }
            first = last + 1
        }
    }
}
