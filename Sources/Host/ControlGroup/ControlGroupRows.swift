internal import Exposition
internal import Kernel

/// The families `ml_cgroup_*`, and how the files of a group fill their cells.
struct ControlGroupRows: ~Copyable {
    enum Column: Int, CaseIterable {
        case usage, user, system, periods, throttledPeriods, throttled, cpuLimit
        case memoryCurrent, memoryPeak, memoryLimit, memoryHigh, swapCurrent, swapLimit
        case eventLow, eventHigh, eventMax, eventOOM, eventOOMKill, eventOOMGroupKill
        case pids, pidsLimit
        case cpuWaiting, cpuStalled, memoryWaiting, memoryStalled, ioWaiting, ioStalled
    }

    enum DeviceColumn: Int, CaseIterable {
        case readBytes, writtenBytes, reads, writes, discardedBytes, discards
    }

    private var groups: SeriesTable
    private var devices: SeriesTable
    private var key: [UInt8] = []

    /// `limit` is how many groups there may be; each may use 64 devices in the mean.
    init(limit: Int) {
        groups = SeriesTable(ControlGroupRows.columns, rowLimit: limit)
        devices = SeriesTable(
            DeviceColumn.allCases.map(ControlGroupRows.column), rowLimit: limit * 64)
    }

    mutating func begin() {
        groups.begin()
        devices.begin()
    }

    mutating func row(_ group: [UInt8]) -> Int? {
        groups.row(group.span, labels: { [("cgroup", group.span.string)] })
    }

    mutating func end() {
        groups.end()
        devices.end()
    }

    func write(to page: inout Page) {
        groups.write(to: &page)
        devices.write(to: &page)
    }

    /// The number that ends a line; nil if the line has another form.
    private static func pair(_ line: inout Cursor) -> Double? {
        guard let value = line.field() else { return nil }
        line.skipBlanks()
        return line.isAtEnd ? Double(value) : nil
    }

    /// cpu.stat: times in microseconds. Returns the number of invalid lines; lines with other names
    /// are ignored.
    mutating func parseProcessor(_ text: Span<UInt8>, in row: Int) -> Int {
        var skipped = 0
        var lines = Cursor(text)
        while var line = lines.line() {
            let column: Column
            var divisor = 1.0
            guard let name = line.word() else {
                skipped += 1
                continue
            }
            if name.equals("usage_usec") {
                (column, divisor) = (.usage, 1e6)
            } else if name.equals("user_usec") {
                (column, divisor) = (.user, 1e6)
            } else if name.equals("system_usec") {
                (column, divisor) = (.system, 1e6)
            } else if name.equals("nr_periods") {
                column = .periods
            } else if name.equals("nr_throttled") {
                column = .throttledPeriods
            } else if name.equals("throttled_usec") {
                (column, divisor) = (.throttled, 1e6)
            } else {
                continue
            }
            guard let value = ControlGroupRows.pair(&line) else {
                skipped += 1
                continue
            }
            groups[row, column.rawValue] = value / divisor
        }
        return skipped
    }

    /// cpu.max: what a group may use in each period, `max` or microseconds, and the period.
    mutating func parseProcessorLimit(_ text: Span<UInt8>, in row: Int) -> Int {
        var line = Cursor(text.trimmed)
        if line.take("max ") { return 0 }
        guard let quota = line.field(), let period = ControlGroupRows.pair(&line), period > 0
        else { return 1 }
        groups[row, Column.cpuLimit.rawValue] = Double(quota) / period
        return 0
    }

    /// A file with one number, or with `max`, which is no limit and no value.
    mutating func parseNumber(_ text: Span<UInt8>, column: Column, in row: Int) -> Int {
        var line = Cursor(text.trimmed)
        if line.rest.equals("max") { return 0 }
        guard let value = ControlGroupRows.pair(&line) else { return 1 }
        groups[row, column.rawValue] = value
        return 0
    }

    /// memory.events.
    mutating func parseEvents(_ text: Span<UInt8>, in row: Int) -> Int {
        var skipped = 0
        var lines = Cursor(text)
        while var line = lines.line() {
            guard let name = line.word() else {
                skipped += 1
                continue
            }
            let column: Column
            if name.equals("low") {
                column = .eventLow
            } else if name.equals("high") {
                column = .eventHigh
            } else if name.equals("max") {
                column = .eventMax
            } else if name.equals("oom") {
                column = .eventOOM
            } else if name.equals("oom_kill") {
                column = .eventOOMKill
            } else if name.equals("oom_group_kill") {
                column = .eventOOMGroupKill
            } else {
                continue
            }
            guard let value = ControlGroupRows.pair(&line) else {
                skipped += 1
                continue
            }
            groups[row, column.rawValue] = value
        }
        return skipped
    }

    /// A file of pressure stall information (Documentation/accounting/psi.rst): of each line the
    /// total, microseconds.
    mutating func parsePressure(
        _ text: Span<UInt8>, waiting: Column, stalled: Column, in row: Int
    ) -> Int {
        var skipped = 0
        var lines = Cursor(text)
        reading: while var line = lines.line() {
            let column: Column
            if line.take("some ") {
                column = waiting
            } else if line.take("full ") {
                column = stalled
            } else {
                skipped += 1
                continue
            }
            while let word = line.word() {
                var field = Cursor(word)
                guard field.take("total="), let value = field.field(), field.isAtEnd else {
                    continue
                }
                groups[row, column.rawValue] = Double(value) / 1e6
                continue reading
            }
            skipped += 1
        }
        return skipped
    }

    /// io.stat: a line per device, `8:0 rbytes=1 wbytes=2 ...`. `name` returns the name of a device from
    /// its numbers; it is called for a device that has no row yet. Returns the number of lines and
    /// fields that could not be used.
    ///
    /// Linux 5.5 to 6.0 write a device without counters and no line feed behind it, so that several
    /// devices precede the counters of the last one: `8:16 7:1 rbytes=1 ...`.
    mutating func parseTraffic(
        _ text: Span<UInt8>, of group: [UInt8], name: ([UInt8]) -> String
    ) -> Int {
        var skipped = 0
        // The memory of one key serves all.
        var key: [UInt8] = []
        swap(&key, &self.key)
        defer { swap(&key, &self.key) }
        var lines = Cursor(text)
        while var line = lines.line() {
            guard var device = line.word(), ControlGroupRows.isDevice(device) else {
                skipped += 1
                continue
            }
            var ahead = line
            while let next = ahead.word(), ControlGroupRows.isDevice(next) {
                device = next
                line = ahead
            }
            line.skipBlanks()
            // A device without traffic.
            if line.isAtEnd { continue }
            key.removeAll(keepingCapacity: true)
            key += group
            key.append(0)
            for index in 0..<device.count { key.append(device[index]) }
            let row = devices.row(
                key.span,
                labels: {
                    [("cgroup", group.span.string), ("device", name(device.copied))]
                })
            guard let row else {
                skipped += 1
                continue
            }
            while let word = line.word() {
                var field = Cursor(word)
                guard let column = ControlGroupRows.trafficColumn(&field) else { continue }
                if let value = field.field(), field.isAtEnd {
                    devices[row, column.rawValue] = Double(value)
                } else {
                    skipped += 1
                }
            }
        }
        return skipped
    }

    private static func isDevice(_ text: Span<UInt8>) -> Bool {
        var cursor = Cursor(text)
        return cursor.number() != nil && cursor.take(":") && cursor.number() != nil
            && cursor.isAtEnd
    }

    private static func trafficColumn(_ field: inout Cursor) -> DeviceColumn? {
        if field.take("rbytes=") { return .readBytes }
        if field.take("wbytes=") { return .writtenBytes }
        if field.take("rios=") { return .reads }
        if field.take("wios=") { return .writes }
        if field.take("dbytes=") { return .discardedBytes }
        if field.take("dios=") { return .discards }
        return nil
    }
}
