internal import Exposition
internal import Kernel
package import Wire

/// A store in a snapshot: everything but exemplars, whose traces are not worth keeping.
extension SeriesStore {
    package func write(to record: inout ByteWriter) {
        record.write(count: count)
        record.write(count: pageBytes)
        record.write(count: words.count)
        for word in words { record.write(Double(bitPattern: word)) }
        record.write(labelBytes.span)
        record.write(count: descriptors.instruments.count)
        for descriptor in descriptors.instruments {
            record.write(descriptor.family.name)
            let bounds = bounds[descriptor.index]?.values ?? []
            record.write(count: bounds.count)
            for bound in bounds { record.write(bound) }
            record.write(count: entries[descriptor.index].count)
            for entry in entries[descriptor.index] {
                record.write(UInt64(entry.labels.start))
                record.write(UInt64(entry.labels.count))
                record.write(UInt64(entry.word))
            }
        }
        record.write(count: infos.count)
        for info in infos {
            record.write(
                info.descriptor < 0 ? "" : descriptors.instruments[info.descriptor].family.name)
            record.write(info.labels.span)
        }
        record.write(count: natives.count)
        for (word, native) in natives {
            record.write(UInt64(word))
            native.write(to: &record)
        }
    }

    /// Replaces the series by those that were written. Families that this release does not have are
    /// left out.
    package mutating func read(_ record: inout ByteReader) {
        budget.release(count)
        budget.release(pageBytes: pageBytes)
        // Every series and every byte of a label takes at least a byte of the record.
        count = record.count()
        pageBytes = record.number(below: Int(Int32.max))
        _ = budget.lifted { budget.take(count) }
        budget.take(pageBytes: pageBytes)
        words.removeAll()
        for _ in 0..<record.count() { words.append(record.double().bitPattern) }
        labelBytes = record.text().copied
        for _ in 0..<record.count() { readFamily(&record) }
        infos.removeAll()
        for _ in 0..<record.count() {
            let name = record.text().string
            let descriptor = descriptors.instruments.first { $0.isNamed(name) }
            let labels = record.text().copied
            infos.append(
                InfoSeries(
                    descriptor: descriptor?.index ?? -1, labels: descriptor == nil ? [] : labels))
        }
        for _ in 0..<record.count() {
            let word = record.number(below: words.count)
            let native = NativeHistogram(&record)
            if keepsNatives { natives[UInt32(word)] = native }
        }
    }

    private mutating func readFamily(_ record: inout ByteReader) {
        let name = record.text().string
        var values: [Double] = []
        for _ in 0..<record.count() { values.append(record.double()) }
        let bounds = BucketBounds(values)
        let descriptor = descriptors.instruments.first { $0.isNamed(name) }
        var entries: [Entry] = []
        var size = 1
        if let descriptor, case .histogram = descriptor.shape, let bounds {
            self.bounds[descriptor.index] = bounds
            size += bounds.bucketCount
        }
        for _ in 0..<record.count() {
            let start = record.number(below: labelBytes.count + 1)
            let count = record.number(below: labelBytes.count - start + 1)
            let word = record.number(below: max(words.count - size + 1, 0))
            let labels = Labels(start: UInt32(start), count: UInt32(count))
            entries.append(Entry(labels: labels, word: UInt32(word)))
        }
        if bounds == nil { record.damage() }
        if let descriptor { self.entries[descriptor.index] = entries }
    }
}

extension ByteWriter {
    package mutating func write(_ counter: Counter) { write(UInt64(counter.word)) }
    package mutating func write(_ sum: FloatCounter) { write(UInt64(sum.word)) }
    package mutating func write(_ gauge: Gauge) { write(UInt64(gauge.word)) }
    package mutating func write(_ histogram: Histogram) { write(UInt64(histogram.word)) }
    package mutating func write(_ info: Info) { write(count: info.place) }

    package mutating func write(_ labels: Labels) {
        write(UInt64(labels.start))
        write(UInt64(labels.count))
    }

    /// Writes 0 for nil, else 1 and the value.
    package mutating func write<Value>(
        optional value: Value?, write: (Value, inout ByteWriter) -> Void
    ) {
        self.write(value != nil)
        if let value { write(value, &self) }
    }
}

/// Reads handles; one beyond what the store has is damage.
extension SeriesStore {
    package func counter(_ record: inout ByteReader) -> Counter {
        Counter(word: UInt32(record.number(below: words.count)))
    }

    package func sum(_ record: inout ByteReader) -> FloatCounter {
        FloatCounter(word: UInt32(record.number(below: words.count)))
    }

    package func gauge(_ record: inout ByteReader) -> Gauge {
        Gauge(word: UInt32(record.number(below: words.count)))
    }

    package func histogram(_ descriptor: MetricDescriptor, record: inout ByteReader) -> Histogram {
        let size = 1 + (bounds[descriptor.index]?.bucketCount ?? 0)
        let word = record.number(below: max(words.count - size + 1, 0))
        return Histogram(word: UInt32(word), descriptor: UInt32(descriptor.index))
    }

    package func info(_ record: inout ByteReader) -> Info {
        Info(place: record.number(below: infos.count))
    }

    package func labels(_ record: inout ByteReader) -> Labels {
        let start = record.number(below: labelBytes.count + 1)
        let count = record.number(below: labelBytes.count - start + 1)
        return Labels(start: UInt32(start), count: UInt32(count))
    }

    /// Reads what `ByteWriter.write(optional:)` wrote.
    package func optional<Value>(
        _ record: inout ByteReader, read: (inout ByteReader) -> Value
    ) -> Value? {
        record.flag() ? read(&record) : nil
    }
}
