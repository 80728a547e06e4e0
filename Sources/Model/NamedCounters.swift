internal import Kernel
internal import Series
internal import Wire

/// The counters of one family by a label whose values come from the producer, up to a limit; those
/// beyond it are counted under `other`.
struct NamedCounters {
    private var names = NameTable()
    private var counters: [Counter] = []
    /// The counter of `other`: the values beyond the limit, and those that are called so.
    private(set) var beyond: Counter?

    init() {}

    /// The counters that are there, without `beyond`.
    var all: [Counter] { counters }

    /// Adds a counter whose series is reserved.
    mutating func add(_ name: Span<UInt8>, counter: Counter) {
        _ = names.add(name)
        counters.append(counter)
    }

    /// Makes the series of a value, or of `other`. Returns the limit that is reached, or nil. `make`
    /// makes the counter of a value.
    mutating func reserve(
        _ name: Span<UInt8>, in store: inout SeriesStore, limit: Int,
        make: (String, inout SeriesStore) -> Counter
    ) -> DropReason? {
        if names.number(of: name) != nil { return nil }
        let isOther = name.equals("other")
        let isBeyond = names.count >= limit
        if isBeyond || isOther, beyond != nil { return nil }
        if let refusal = store.reserve(1) { return refusal }
        let counter = make(isBeyond ? "other" : name.string, &store)
        if isBeyond || isOther { beyond = counter } else { add(name, counter: counter) }
        return nil
    }

    /// The counter of a value; nil for a value beyond the limit.
    func counter(of name: Span<UInt8>) -> Counter? {
        if let number = names.number(of: name) { return counters[number] }
        return name.equals("other") ? beyond : nil
    }

    func write(to record: inout ByteWriter) {
        names.write(to: &record)
        for counter in counters { record.write(counter) }
        record.write(optional: beyond) { $1.write($0) }
    }

    init(_ record: inout ByteReader, in store: borrowing SeriesStore) {
        names = NameTable(&record)
        for _ in 0..<names.count { counters.append(store.counter(&record)) }
        if record.flag() { beyond = store.counter(&record) }
    }
}
