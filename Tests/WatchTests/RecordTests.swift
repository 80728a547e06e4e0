import Kernel
import Observation
import Profiles
import Testing
import Wire

@testable import Watch

/// Deltas in records.
struct RecordTests {
    private func rows(_ count: Int, columns: Int = 2) -> Rows {
        var random = Generator(seed: 11)
        var rows = Rows()
        for _ in 0..<count {
            var features: [(String, Rows.Given)] = [("country", .text("DE"))]
            for column in 0..<columns { features.append(("x\(column)", .number(random.normal()))) }
            rows.add(features)
        }
        return rows
    }

    @Test func `deltas that are read back add the same bits`() {
        let (one, two) = (WatchStore(), WatchStore())
        for store in [one, two] { _ = store.give(profile()) }
        let rows = rows(200)
        var deltas = one.reduce(rows.batch)
        one.decide(&deltas, batch: rows.batch, at: 1000)
        var writer = ByteWriter()
        deltas.write(to: &writer)
        let bytes = writer.bytes
        var reader = ByteReader(bytes.span)
        let read = two.replay(&reader, batch: rows.batch)
        let isWhole = read != nil && reader.isAtEnd
        #expect(isWhole)
        one.apply(deltas, batch: rows.batch, at: 1000)
        two.apply(read ?? WatchDeltas(), batch: rows.batch, at: 1000)
        #expect(one.sections == two.sections)
        for length in 0..<bytes.count {
            var cut = ByteReader(bytes.span.extracting(first: length))
            let isRefused = two.replay(&cut, batch: rows.batch) == nil
            #expect(isRefused)
        }
    }

    @Test func `deltas against another profile are not understood`() {
        let (one, two) = (WatchStore(), WatchStore())
        _ = one.give(profile(seed: 1))
        _ = two.give(profile(seed: 2))
        let rows = rows(20)
        let deltas = one.reduce(rows.batch)
        var writer = ByteWriter()
        deltas.write(to: &writer)
        let bytes = writer.bytes
        var reader = ByteReader(bytes.span)
        let isRefused = two.replay(&reader, batch: rows.batch) == nil
        #expect(isRefused)
    }

    @Test func `a delta of 2,000 rows has less than a byte per value`() {
        let watch = WatchStore()
        _ = watch.give(profile(features: 49, rows: 4000))
        let rows = rows(2000, columns: 49)
        var deltas = watch.reduce(rows.batch)
        watch.decide(&deltas, batch: rows.batch, at: 1000)
        var writer = ByteWriter()
        deltas.write(to: &writer)
        rows.batch.write(to: &writer)
        #expect(writer.count < 2000 * 50)
    }

    @Test func `registers that would not rise are left out`() {
        let watch = WatchStore()
        _ = watch.give(profile())
        let rows = rows(100)
        for expected in [1, 0] {
            var deltas = watch.reduce(rows.batch)
            watch.decide(&deltas, batch: rows.batch, at: 1000)
            #expect(deltas.scopes[0].registers.count == expected)
            watch.apply(deltas, batch: rows.batch, at: 1000)
        }
    }

    @Test func `rows that the writer refuses are not counted`() {
        let watch = WatchStore()
        _ = watch.give(profile())
        let rows = rows(10)
        let all = watch.reduce(rows.batch)
        let some = watch.reduce(rows.batch) { $0 < 4 }
        #expect(all.scopes[0].words[0].bits == 10)
        #expect(some.scopes[0].words[0].bits == 6)
        #expect(watch.isCurrent(all))
        _ = watch.give(profile(seed: 8))
        #expect(!watch.isCurrent(all))
    }
}
