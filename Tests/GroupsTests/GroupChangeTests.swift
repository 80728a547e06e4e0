import Exposition
import Kernel
import Testing
import Wire

@testable import Groups

/// Changes of groups as records: they lead to the same page again, and back.
struct GroupChangeTests {
    /// The page without HELP, of which the last one that was pushed stays.
    private func samples(_ store: GroupStore) -> [Substring] {
        store.page.split(separator: "\n").filter { !$0.hasPrefix("# HELP") }
    }

    private func bytes(_ change: GroupChange) -> [UInt8] {
        var record = ByteWriter()
        change.write(to: &record)
        return record.bytes
    }

    private func decode(_ bytes: ArraySlice<UInt8>) -> GroupChange? {
        var record = ByteReader(bytes.span)
        let change = GroupChange(&record)
        return record.isDamaged ? nil : change
    }

    private func perform(
        _ store: GroupStore, method: GroupMethod, path: String, body: String = "",
        ttl: [String] = [], aggregate: [String] = [], at moment: Timestamp
    ) -> PushgatewayHandler.Outcome {
        let handler = PushgatewayHandler(store)
        let request = handler.read(
            method, path: path.utf8Span.span, ttl: ttl, aggregate: aggregate,
            body: body.utf8Span.span)
        return handler.perform(handler.render(request), at: moment)
    }

    /// A request that changes something, or is refused.
    private func random(
        _ store: GroupStore, generator: inout some RandomNumberGenerator, at moment: Timestamp
    ) -> PushgatewayHandler.Outcome {
        let path = "/metrics/job/j\(Int.random(in: 0..<6, using: &generator))"
        let number = Int.random(in: 0..<9, using: &generator)
        let histogram = """
            # TYPE h histogram
            h_bucket{a="\(number % 3)",le="1"} \(number)
            h_sum{a="\(number % 3)"} 0.1
            h_count{a="\(number % 3)"} \(number + 1)

            """
        let counter = "# HELP c of \(number)\n# TYPE c counter\nc{a=\"\(number)\"} 0.3\n"
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: return perform(store, method: .delete, path: path, at: moment)
        case 1:
            return perform(
                store, method: .put, path: path, body: "x \(number)\n" + histogram, at: moment)
        case 2: return perform(store, method: .put, path: path, at: moment)
        case 3:
            return perform(
                store, method: .post, path: path, body: counter + histogram,
                aggregate: ["sum"], at: moment)
        case 4:
            return perform(
                store, method: .post, path: path, body: "y \(number)\n" + counter,
                ttl: ["\(1000 + number)"], at: moment)
        case 5:
            return perform(store, method: .post, path: path, body: "z 1\nz 2\n", at: moment)
        case 6:
            // A series of one group in another one.
            return perform(
                store, method: .post, path: path, body: "x{job=\"j0\"} 1\nw{b=\"\"} 1\n",
                at: moment)
        default: return perform(store, method: .post, path: path, body: histogram, at: moment)
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `the bytes of changes, made again in another store, lead to the same page`(
        seed: UInt64
    ) throws {
        var generator = SeededGenerator(seed)
        let store = GroupStore()
        let other = GroupStore()
        for step in 0..<120 {
            let now = moment(Double(step))
            // Another boot of the machine: its monotonic clock restarted at 0.
            let later = moment(Double(step), start: 0.5)
            let before = store.page
            let outcome = random(store, generator: &generator, at: now)
            guard let change = outcome.change else {
                #expect(store.page == before)
                continue
            }
            let read = try #require(decode(bytes(change)[...]))
            #expect(other.replay(read, at: later))
            #expect(other.page == store.page)
            #expect(other.counts.series == store.counts.series)
            #expect(other.counts.bytes == store.counts.bytes)
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `changes that are undone in reverse order leave the page as it was`(seed: UInt64) {
        var generator = SeededGenerator(seed)
        let store = GroupStore()
        for step in 0..<20 { _ = random(store, generator: &generator, at: moment(Double(step))) }
        for round in 0..<12 {
            let before = samples(store)
            let counts = store.counts
            var changes: [GroupChange] = []
            for step in 0..<round {
                let outcome = random(store, generator: &generator, at: moment(Double(31 + step)))
                if let change = outcome.change { changes.append(change) }
            }
            for change in changes.reversed() { store.undo(change) }
            #expect(samples(store) == before)
            #expect(store.counts.series == counts.series && store.counts.bytes == counts.bytes)
            #expect(store.counts.groups == counts.groups)
        }
        // Nothing is left of what was undone: it can be pushed.
        for step in 0..<20 {
            _ = random(store, generator: &generator, at: moment(Double(80 + step)))
        }
        #expect(store.images(at: moment(100)).count == store.counts.groups)
    }

    @Test func `bytes that are no change are refused, wherever they were cut`() throws {
        let store = GroupStore()
        let outcome = perform(
            store, method: .put, path: "/metrics/job/j", body: "# TYPE x counter\nx 1\ny 2\n",
            at: moment(0))
        let whole = bytes(try #require(outcome.change))
        #expect(decode(whole[...]) != nil)
        for count in 0..<whole.count { #expect(decode(whole.prefix(count)) == nil, "\(count)") }
        for place in whole.indices {
            for byte: UInt8 in [0, 9, 0x7F, 0xFF] {
                var damaged = whole
                damaged[place] = byte
                guard let change = decode(damaged[...]) else { continue }
                let other = GroupStore()
                _ = other.replay(change, at: moment(1))
                #expect(other.counts.groups <= 1)
            }
        }
    }

    @Test func `an increment whose base is lost is what is left`() throws {
        let store = GroupStore()
        let body = "# TYPE c counter\nc 2\n"
        _ = perform(store, method: .put, path: "/metrics/job/j", body: body, at: moment(0))
        let outcome = perform(
            store, method: .post, path: "/metrics/job/j", body: body, aggregate: ["sum"],
            at: moment(1))
        #expect(store.page.contains("} 4\n"))
        let other = GroupStore()
        #expect(other.replay(try #require(outcome.change), at: moment(1)))
        #expect(other.page.contains("} 2\n"))
    }

    @Test func `a copy of the groups keeps what it held while they change`() throws {
        let store = GroupStore()
        for number in 0..<600 {
            _ = perform(
                store, method: .put, path: "/metrics/job/j\(number)", body: "x 1\n", at: moment(0))
        }
        let before = store.page
        let images = store.images(at: moment(0))
        for number in 0..<600 where number % 3 > 0 {
            _ = perform(
                store, method: number % 3 == 1 ? .delete : .post,
                path: "/metrics/job/j\(number)", body: number % 3 == 1 ? "" : "y 1\n",
                at: moment(1))
        }
        let other = GroupStore()
        for key in images.keys { other.restore(try #require(images.image(of: key))) }
        #expect(other.page == before)
    }
}

/// SplitMix64.
private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
