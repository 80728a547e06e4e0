internal import Wire

/// The recent past of a version in sub-windows of 5 minutes, of which 12 whole ones are kept, and of one
/// hour, of which 23 are kept. They begin at multiples of `PersistentClock`, so that setting the clock does
/// not tear them.
struct Windows: Sendable {
    /// Seconds of a short sub-window.
    static let fiveSeconds: Int64 = 300
    static let fivesPerHour: Int64 = 12
    static let hours: Int64 = 23
    /// Sub-windows in memory at most: the whole ones and the one that is filled.
    static let count = Int(fivesPerHour) + 1 + Int(hours)

    /// Ascending by number. The last one may still be filled.
    private(set) var fives: [SubWindow] = []
    /// Whole hours, ascending.
    private(set) var wholeHours: [SubWindow] = []
    /// The newest five minutes that have begun.
    private(set) var current = Int64.min

    init() {}

    /// The five minutes at a time of `PersistentClock`.
    static func number(atSeconds seconds: Double) -> Int64 {
        Int64((min(max(seconds, 0), 1e15) / Double(fiveSeconds)).rounded(.down))
    }

    /// Adds a delta to the five minutes in which it was decided, also if they have ended.
    mutating func add(_ delta: ScopeDelta, at number: Int64) {
        roll(to: number, layout: delta.layout)
        let hour = number / Windows.fivesPerHour
        if let place = wholeHours.firstIndex(where: { $0.number == hour }) {
            wholeHours[place].tally.add(delta)
        }
        if number < current - Windows.fivesPerHour { return }
        let place = fives.firstIndex { $0.number >= number } ?? fives.count
        if place == fives.count || fives[place].number != number {
            fives.insert(SubWindow(number: number, tally: Tally(delta.layout)), at: place)
        }
        fives[place].tally.add(delta)
    }

    /// Begins the five minutes with this number, unless they have begun: makes hours of those before and
    /// forgets what is too old.
    mutating func roll(to number: Int64, layout: Layout) {
        if number <= current { return }
        current = number
        let hour = number / Windows.fivesPerHour
        for five in fives {
            let its = five.number / Windows.fivesPerHour
            if its >= hour { break }
            // Hours are made once, of all their parts, in order.
            if let last = wholeHours.last, last.number >= its { continue }
            var whole = SubWindow(number: its, tally: Tally(layout))
            for part in fives where part.number / Windows.fivesPerHour == its {
                whole.tally.add(part.tally, layout: layout)
            }
            wholeHours.append(whole)
        }
        fives.removeAll { $0.number < number - Windows.fivesPerHour }
        wholeHours.removeAll { $0.number < hour - Windows.hours }
    }

    /// Whether nothing is kept.
    var isEmpty: Bool { fives.isEmpty && wholeHours.isEmpty }

    /// The registers of the five minutes that are filled, if they are those with this number.
    func registers(at number: Int64) -> [UInt8]? {
        guard let last = fives.last, last.number == number else { return nil }
        return last.tally.registers
    }

    // MARK: Window

    /// A stretch of whole sub-windows up to the last one that has ended.
    struct Choice: Sendable {
        var seconds: Int64
        var tally: Tally
    }

    /// The shortest stretch of at least `shortest` seconds that has `rows` rows, else the longest of at most
    /// `longest` seconds. Stretches of up to an hour are of five minutes; longer ones of those since the
    /// last full hour and of the hours before.
    func choice(
        _ layout: Layout, shortest: Int64, longest: Int64, rows: UInt64
    ) -> Choice {
        var choice = Choice(seconds: 0, tally: Tally(layout))
        func isEnough() -> Bool {
            choice.seconds >= shortest && choice.tally.words[Layout.Header.rows] >= rows
        }
        for age in 1...Windows.fivesPerHour {
            if age * Windows.fiveSeconds > longest { return choice }
            add(fives, number: current - age, to: &choice.tally, layout: layout)
            choice.seconds = age * Windows.fiveSeconds
            if isEnough() { return choice }
        }
        let hour = current / Windows.fivesPerHour
        let begun = current - hour * Windows.fivesPerHour
        var long = Choice(seconds: begun * Windows.fiveSeconds, tally: Tally(layout))
        for number in hour * Windows.fivesPerHour..<current {
            add(fives, number: number, to: &long.tally, layout: layout)
        }
        for age in 1...Windows.hours {
            let seconds = (begun + age * Windows.fivesPerHour) * Windows.fiveSeconds
            if seconds > longest { break }
            add(wholeHours, number: hour - age, to: &long.tally, layout: layout)
            long.seconds = seconds
            // Beside a full hour the last twelve five minutes are the same.
            if seconds <= choice.seconds { continue }
            choice = long
            if isEnough() { break }
        }
        return choice
    }

    private func add(
        _ list: [SubWindow], number: Int64, to tally: inout Tally, layout: Layout
    ) {
        if let found = list.last(where: { $0.number == number }) {
            tally.add(found.tally, layout: layout)
        }
    }

    // MARK: Records

    func write(to record: inout ByteWriter, layout: Layout) {
        record.write(UInt64(max(0, current)))
        for list in [fives, wholeHours] {
            record.write(count: list.count)
            for window in list {
                record.write(UInt64(window.number))
                window.tally.write(to: &record, layout: layout)
            }
        }
    }

    init(_ record: inout ByteReader, layout: Layout) {
        current = Windows.number(&record)
        fives = Windows.list(&record, layout: layout, limit: Int(Windows.fivesPerHour) + 1)
        wholeHours = Windows.list(&record, layout: layout, limit: Int(Windows.hours) + 1)
    }

    private static func number(_ record: inout ByteReader) -> Int64 {
        Int64(record.number(below: 1 << 50))
    }

    private static func list(
        _ record: inout ByteReader, layout: Layout, limit: Int
    ) -> [SubWindow] {
        var list: [SubWindow] = []
        for _ in 0..<record.number(below: limit + 1) {
            let number = number(&record)
            if let last = list.last, number <= last.number { record.damage() }
            if record.isDamaged { return [] }
            list.append(
                SubWindow(number: number, tally: Tally(&record, layout: layout)))
        }
        return list
    }
}
