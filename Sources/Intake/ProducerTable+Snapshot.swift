internal import Kernel
internal import Wire

/// The table as bytes: the form, the last number given, and the producers, each with its name, its
/// numbers and times, and its starts with their windows.
extension ProducerTable {
    private static let form: UInt64 = 1

    /// The bytes. Times are on `PersistentClock`, so that they are right after a restart.
    package func snapshot() -> [UInt8] {
        let (records, lastNumber) = state.withLock { ($0.records, $0.lastNumber) }
        let now = Clock.monotonicNanoseconds
        let real = PersistentClock.nanoseconds
        var writer = ByteWriter()
        writer.write(ProducerTable.form)
        writer.write(lastNumber)
        writer.write(count: records.count)
        for (producer, record) in records {
            writer.write(producer)
            writer.write(record.number)
            writer.write(real &- (now > record.lastPush ? now - record.lastPush : 0))
            writer.write(record.lastSuccess)
            writer.write(record.duplicates)
            writer.write(record.lost)
            writer.write(count: record.lives.count)
            for life in record.lives {
                writer.write(life.start)
                writer.write(life.window.highest)
                writer.write(life.window.origin)
                for word in life.window.words { writer.write(word) }
            }
        }
        return writer.bytes
    }

    /// Replaces everything by a snapshot. Returns false and changes nothing if the bytes are not one.
    package func restore(_ bytes: Span<UInt8>) -> Bool {
        var reader = ByteReader(bytes)
        if reader.number() != ProducerTable.form { return false }
        let lastNumber = reader.number()
        let now = Clock.monotonicNanoseconds
        let real = PersistentClock.nanoseconds
        var records: [String: Record] = [:]
        for _ in 0..<reader.count() {
            let producer = reader.text().string
            var record = ProducerTable.record(&reader)
            let age = real > record.lastPush ? real - record.lastPush : 0
            record.lastPush = now > age ? now - age : 0
            records[producer] = record
        }
        if reader.isDamaged || !reader.isAtEnd { return false }
        state.withLock { state in
            state.records = records
            state.order = []
            state.firstOrder = 0
            state.lastNumber = lastNumber
        }
        return true
    }

    /// Removes all producers.
    package func reset() {
        state.withLock { $0.records.removeAll() }
    }

    private static func record(_ reader: inout ByteReader) -> Record {
        var record = Record(number: reader.number())
        record.lastPush = reader.number()
        record.lastSuccess = reader.double()
        record.duplicates = reader.number()
        record.lost = reader.number()
        for _ in 0..<reader.number(below: 17) {
            let (start, highest, origin) = (reader.number(), reader.number(), reader.number())
            var words: [UInt64] = []
            for _ in 0..<16 { words.append(reader.number()) }
            let window = SequenceWindow(highest: highest, origin: origin, words: words)
            record.lives.append(Incarnation(start: start, window: window))
        }
        return record
    }
}
