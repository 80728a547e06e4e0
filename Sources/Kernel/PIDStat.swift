/// The fields of `/proc/PID/stat` and `/proc/PID/task/TID/stat` (proc_pid_stat(5)) from the third one
/// on. The second one, the name in parentheses, may hold any bytes: blanks, parentheses, line feeds.
///
/// Fields are read by their number in the manual, in ascending order.
package struct PIDStat: ~Escapable {
    private var rest: Cursor
    /// The number of the next field.
    private var next = 3

    /// Nil if no parenthesis ends a name.
    @_lifetime(copy text)
    package init?(_ text: Span<UInt8>) {
        guard let bracket = text.lastOffset(of: 0x29) else { return nil }
        rest = Cursor(text.extracting(droppingFirst: bracket + 1).trimmed)
    }

    /// The state letter, field 3; nil if the field is not one printable character.
    @_lifetime(self: copy self)
    package mutating func state() -> UInt8? {
        guard let word = word(3), word.count == 1, word[0] > 0x20, word[0] < 0x7F else {
            return nil
        }
        return word[0]
    }

    /// The value of a numeric field; nil if it is missing or not a number.
    @_lifetime(self: copy self)
    package mutating func number(_ field: Int) -> UInt64? {
        word(field)?.unsigned
    }

    /// The time in a field, converted from clock ticks to seconds; nil if the field is missing or not
    /// a number.
    @_lifetime(self: copy self)
    package mutating func seconds(_ field: Int) -> Double? {
        number(field).map { Double($0) / Clock.ticksPerSecond }
    }

    @_lifetime(copy self)
    private mutating func word(_ field: Int) -> Span<UInt8>? {
        precondition(field >= next, "fields must be read in ascending order")
        while next < field {
            if rest.word() == nil { return nil }
            next += 1
        }
        next += 1
        return rest.word()
    }
}
