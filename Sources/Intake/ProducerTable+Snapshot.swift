internal import Kernel
internal import Wire

/// The table as bytes, in sections: the form, the last number given, and producers, each with its name,
/// its numbers and times, and its starts with their windows.
extension ProducerTable {
    private static let form: UInt64 = 1

    /// All producers at one moment. It is taken in no time; its bytes are made later, on another
    /// thread.
    package struct Image: Sendable {
        /// Producers of one section.
        private static let sectionSize = 1_000

        let records: [String: Record]
        let lastNumber: UInt64
        let now = Clock.monotonicNanoseconds
        let real = PersistentClock.nanoseconds

        /// One at least, for the last number.
        package var sectionCount: Int {
            max(1, (records.count + Image.sectionSize - 1) / Image.sectionSize)
        }

        /// The bytes of a section. Times are on `PersistentClock`, so that they are right after a
        /// restart.
        package func bytes(of section: Int) -> [UInt8] {
            let first = min(section * Image.sectionSize, records.count)
            let count = min(Image.sectionSize, records.count - first)
            var writer = ByteWriter()
            writer.write(ProducerTable.form)
            writer.write(lastNumber)
            writer.write(count: count)
            for (producer, record) in records.dropFirst(first).prefix(count) {
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
    }

    /// All producers as they are now.
    package var image: Image {
        state.withLock { Image(records: $0.records, lastNumber: $0.lastNumber) }
    }

    /// Adds the producers of a section. Returns false and changes nothing if the bytes are not one.
    package func restore(_ bytes: Span<UInt8>) -> Bool {
        var reader = ByteReader(bytes)
        if reader.number() != ProducerTable.form { return false }
        let lastNumber = reader.number()
        let now = Clock.monotonicNanoseconds
        let real = PersistentClock.nanoseconds
        var records: [String: Record] = [:]
        for _ in 0..<reader.count() {
            let producer = reader.text().string
            var record = ProducerTable.record(&reader, of: producer)
            let age = real > record.lastPush ? real - record.lastPush : 0
            record.lastPush = now > age ? now - age : 0
            records[producer] = record
        }
        if reader.isDamaged || !reader.isAtEnd { return false }
        state.withLock { state in
            state.records.merge(records) { $1 }
            state.order = []
            state.firstOrder = 0
            state.lastNumber = max(state.lastNumber, lastNumber)
        }
        return true
    }

    /// Removes all producers.
    package func reset() {
        state.withLock { state in
            state.records.removeAll()
            state.lastNumber = 0
        }
    }

    private static func record(_ reader: inout ByteReader, of producer: String) -> Record {
        var record = Record(number: reader.number(), name: name(of: producer))
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
