internal import Kernel

/// All that is remembered of producers as bytes, little-endian: the version 1, the last number
/// given, how many producers follow; of each its name with its length, its numbers and times, and
/// its starts with their windows.
extension Producers {
    private static let formatVersion: UInt8 = 1

    /// The bytes; times in it are real, so that they are right after a restart.
    public func snapshot() -> [UInt8] {
        let (records, lastNumber) = state.withLock { ($0.records, $0.lastNumber) }
        let now = Clock.monotonicNanoseconds
        let real = LastingClock.nanoseconds
        var bytes = [Producers.formatVersion]
        put(lastNumber, &bytes)
        put(UInt64(records.count), &bytes)
        for (producer, record) in records {
            put(UInt64(producer.utf8.count), &bytes)
            bytes.append(contentsOf: producer.utf8)
            put(record.number, &bytes)
            put(real &- (now > record.lastPush ? now - record.lastPush : 0), &bytes)
            put(record.lastSuccess.bitPattern, &bytes)
            put(record.duplicates, &bytes)
            put(record.lost, &bytes)
            put(UInt64(record.lives.count), &bytes)
            for life in record.lives {
                put(life.start, &bytes)
                put(life.window.highest, &bytes)
                put(life.window.origin, &bytes)
                for word in life.window.words { put(word, &bytes) }
            }
        }
        return bytes
    }

    /// Takes over what a snapshot says in place of everything. Returns false and changes nothing
    /// when the bytes are not a snapshot.
    public func restore(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count > 0, bytes[0] == Producers.formatVersion else { return false }
        var rest = bytes.extracting(droppingFirst: 1)
        guard let lastNumber = Producers.take(&rest), let count = Producers.take(&rest),
            count <= UInt64(bytes.count)
        else { return false }
        let now = Clock.monotonicNanoseconds
        let real = LastingClock.nanoseconds
        var records: [String: Record] = [:]
        for _ in 0..<count {
            guard let length = Producers.take(&rest), length <= UInt64(rest.count) else {
                return false
            }
            let producer = rest.extracting(first: Int(length)).string
            rest = rest.extracting(droppingFirst: Int(length))
            guard var record = Producers.record(&rest) else { return false }
            let age = real > record.lastPush ? real - record.lastPush : 0
            record.lastPush = now > age ? now - age : 0
            records[producer] = record
        }
        if !rest.isEmpty { return false }
        state.withLock { state in
            state.records = records
            state.lastNumber = lastNumber
        }
        return true
    }

    /// Forgets all producers.
    public func reset() {
        state.withLock { $0.records.removeAll() }
    }

    private static func record(_ rest: inout Span<UInt8>) -> Record? {
        guard let number = take(&rest), let lastPush = take(&rest), let success = take(&rest),
            let duplicates = take(&rest), let lost = take(&rest), let lives = take(&rest),
            lives <= 16
        else { return nil }
        var record = Record(number: number)
        record.lastPush = lastPush
        record.lastSuccess = Double(bitPattern: success)
        record.duplicates = duplicates
        record.lost = lost
        for _ in 0..<lives {
            guard let start = take(&rest), let highest = take(&rest), let origin = take(&rest)
            else { return nil }
            var words: [UInt64] = []
            for _ in 0..<16 {
                guard let word = take(&rest) else { return nil }
                words.append(word)
            }
            let window = SequenceWindow(highest: highest, origin: origin, words: words)
            record.lives.append(Life(start: start, window: window))
        }
        return record
    }

    private func put(_ value: UInt64, _ bytes: inout [UInt8]) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    private static func take(_ rest: inout Span<UInt8>) -> UInt64? {
        if rest.count < 8 { return nil }
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(rest[index]) << UInt64(index * 8) }
        rest = rest.extracting(droppingFirst: 8)
        return value
    }
}
