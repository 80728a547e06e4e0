import Kernel
import Observation
import Profiles
import Testing
import Wire

@testable import Watch

/// Which stretch of time is judged.
struct WindowTests {
    private let layout = Layout(profile())
    /// A full hour.
    private static let start: Int64 = 500_000 * 12

    private func delta(_ rows: Int) -> ScopeDelta {
        var made = Rows()
        for _ in 0..<rows { made.add([("x0", .number(0.1))]) }
        var reducer = Reducer()
        return reducer.reduce(
            made.batch, runs: Array(made.batch.runs.indices)[...], scope: 0, layout: layout,
            isRefused: nil)
    }

    private func choice(
        _ windows: inout Windows, at number: Int64, shortest: Int64 = 3600,
        longest: Int64 = 86_400, rows: UInt64
    ) -> (seconds: Int64, rows: UInt64) {
        windows.roll(to: number, layout: layout)
        let choice = windows.choice(layout, shortest: shortest, longest: longest, rows: rows)
        return (choice.seconds, choice.tally.words[Layout.Header.rows])
    }

    @Test func `an hour with enough rows is judged alone`() {
        var windows = Windows()
        for age: Int64 in 0..<24 { windows.add(delta(10), at: WindowTests.start + age) }
        let found = choice(&windows, at: WindowTests.start + 24, rows: 100)
        #expect(found == (3600, 120))
    }

    @Test func `a quiet model is judged by as many whole hours as it needs`() {
        var windows = Windows()
        // A row in each five minutes of 30 hours.
        for number in WindowTests.start..<WindowTests.start + 360 {
            windows.add(delta(1), at: number)
        }
        let now = WindowTests.start + 360
        #expect(choice(&windows, at: now, rows: 50) == (5 * 3600, 60))
        // Three five minutes into an hour: those, and whole hours before.
        for number in now..<now + 3 { windows.add(delta(1), at: number) }
        #expect(choice(&windows, at: now + 3, rows: 50) == (900 + 4 * 3600, 51))
        // Never more than a day.
        #expect(choice(&windows, at: now + 3, rows: 1_000_000) == (900 + 23 * 3600, 279))
        #expect(
            choice(&windows, at: now + 3, longest: 2 * 3600, rows: 1_000_000)
                == (900 + 3600, 15))
        #expect(choice(&windows, at: now + 3, shortest: 600, rows: 2) == (600, 2))
    }

    @Test func `at most 13 short sub-windows and 23 hours are kept`() {
        var windows = Windows()
        for number in WindowTests.start..<WindowTests.start + 1000 {
            windows.add(delta(1), at: number)
            #expect(windows.fives.count <= 13 && windows.wholeHours.count <= 23)
        }
    }

    @Test func `time that jumps by 30 hours in either direction loses no later row`() {
        var windows = Windows()
        windows.add(delta(100), at: WindowTests.start)
        windows.roll(to: WindowTests.start + 360, layout: layout)
        windows.add(delta(100), at: WindowTests.start + 360)
        #expect(choice(&windows, at: WindowTests.start + 361, rows: 50) == (3600, 100))
        // The past is over: its rows are in no window, and do no harm.
        windows.add(delta(100), at: WindowTests.start)
        #expect(choice(&windows, at: WindowTests.start + 361, rows: 50) == (3600, 100))
    }

    @Test func `a delta that comes after its five minutes have ended is still counted in them`() {
        var windows = Windows()
        windows.add(delta(10), at: WindowTests.start + 11)
        windows.roll(to: WindowTests.start + 12, layout: layout)
        windows.add(delta(5), at: WindowTests.start + 11)
        #expect(choice(&windows, at: WindowTests.start + 12, rows: 1) == (3600, 15))
        // An hour later they are in the whole hour.
        #expect(
            choice(&windows, at: WindowTests.start + 24, shortest: 7200, rows: 1) == (7200, 15))
    }

    @Test func `windows are what they were after a record`() {
        var windows = Windows()
        for number in WindowTests.start..<WindowTests.start + 40 {
            windows.add(delta(2), at: number)
        }
        var writer = ByteWriter()
        windows.write(to: &writer, layout: layout)
        let bytes = writer.bytes
        var reader = ByteReader(bytes.span)
        var other = Windows(&reader, layout: layout)
        let isWhole = !reader.isDamaged && reader.isAtEnd
        #expect(isWhole)
        let now = WindowTests.start + 40
        #expect(
            choice(&other, at: now, rows: 1000) == choice(&windows, at: now, rows: 1000))
        for length in stride(from: 0, to: bytes.count, by: 11) {
            var cut = ByteReader(bytes.span.extracting(first: length))
            _ = Windows(&cut, layout: layout)
            let isDamaged = cut.isDamaged
            #expect(isDamaged)
        }
    }
}
