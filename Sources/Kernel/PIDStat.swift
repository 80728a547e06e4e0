/// The fields of `/proc/PID/stat` and `/proc/PID/task/TID/stat` (proc_pid_stat(5)) from the third one
/// on. The second one, a name in brackets, may hold anything: blanks, brackets, line feeds.
///
/// Fields are asked for by their number in the manual, in their order.
package struct PIDStat: ~Escapable {
    private var rest: Cursor
    /// The number of the field that comes next.
    private var next = 3

    /// Nil when there is no bracket that ends a name.
    @_lifetime(copy text)
    package init?(_ text: Span<UInt8>) {
        guard let bracket = text.lastOffset(of: 0x29) else { return nil }
        rest = Cursor(text.extracting(droppingFirst: bracket + 1).trimmed)
    }

    /// The letter of the third field; nil when that is no printable character alone.
    @_lifetime(self: copy self)
    package mutating func state() -> UInt8? {
        guard let word = word(3), word.count == 1, word[0] > 0x20, word[0] < 0x7F else {
            return nil
        }
        return word[0]
    }

    /// The number in a field; nil when there is none.
    @_lifetime(self: copy self)
    package mutating func number(_ field: Int) -> UInt64? {
        word(field)?.unsigned
    }

    /// The time in a field, in seconds; nil when there is none. The kernel writes clock ticks.
    @_lifetime(self: copy self)
    package mutating func seconds(_ field: Int) -> Double? {
        number(field).map { Double($0) / Clock.ticksPerSecond }
    }

    @_lifetime(copy self)
    private mutating func word(_ field: Int) -> Span<UInt8>? {
        precondition(field >= next, "fields are asked for in their order")
        while next < field {
            if rest.word() == nil { return nil }
            next += 1
        }
        next += 1
        return rest.word()
    }
}
