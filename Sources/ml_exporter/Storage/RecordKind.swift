internal import Intake
internal import Kernel
internal import Wire

/// What a record of the journal begins with: the numbers are for ever.
enum RecordKind: UInt64 {
    /// Events: their batch and what was decided about it.
    case events = 1
    /// A group of Pushgateway's clients as a push has left it.
    case group = 2
    /// A group that was deleted: the image of the group before.
    case deletedGroup = 3
    /// A version of a model that was retired.
    case retired = 4
    /// A producer that was forgotten.
    case forgotten = 5
    /// What has outlived its time.
    case expired = 6

    /// For people.
    var name: String {
        switch self {
        case .events: "events"
        case .group: "group"
        case .deletedGroup: "deleted group"
        case .retired: "retired version"
        case .forgotten: "forgotten producer"
        case .expired: "expiry"
        }
    }
}

extension ByteWriter {
    /// Writes whose batch it is, and the number that its producer has.
    mutating func write(_ key: IdempotencyKey?, number: UInt64) {
        write(key != nil)
        guard let key else { return }
        write(key.producer)
        write(key.start)
        write(key.sequence)
        write(number)
    }
}

extension ByteReader {
    /// Whose batch it was, with the number of the producer.
    @_lifetime(self: copy self)
    mutating func key() -> (key: IdempotencyKey, number: UInt64)? {
        guard flag() else { return nil }
        let producer = text().string
        let (start, sequence) = (number(), number())
        return (IdempotencyKey(producer: producer, start: start, sequence: sequence), number())
    }
}
