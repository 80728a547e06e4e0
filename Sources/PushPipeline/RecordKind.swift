internal import Intake
internal import Kernel
internal import Wire

/// The kind of a record, which is its first number. The numbers never change their meaning.
///
/// Format 2 (16 and above): the kind, then sections, each behind its tag (`RecordSection`), up to
/// `RecordSection.end`. A new kind of change adds a number here and, if needed, a section. Format 1
/// (below 16) had fixed fields; it is read and no longer written. Format 3 has 22 and 23 for 17 and 18.
enum RecordKind: UInt64 {
    case eventsFormat1 = 1
    case groupFormat1 = 2
    case groupDeletionFormat1 = 3
    case retirementFormat1 = 4
    case producerRemovalFormat1 = 5
    case expiryFormat1 = 6

    /// A batch of events and what was decided about it.
    case events = 16
    /// A group as a push has left it; no longer written.
    case group = 17
    /// The deletion of a group: the group as it was before; no longer written.
    case groupDeletion = 18
    /// The retirement of a version of a model.
    case retirement = 19
    /// The removal of a producer.
    case producerRemoval = 20
    /// The removal of what has expired.
    case expiry = 21
    /// What a push has changed in a group.
    case groupChange = 22
    /// The deletion of a group.
    case groupRemoval = 23
    /// A profile that was given to a version, or taken away.
    case profile = 24

    /// What `storage inspect` calls it.
    var name: String {
        switch self {
        case .events, .eventsFormat1: "events"
        case .group, .groupChange, .groupFormat1: "group"
        case .groupDeletion, .groupRemoval, .groupDeletionFormat1: "deleted group"
        case .retirement, .retirementFormat1: "retired version"
        case .producerRemoval, .producerRemovalFormat1: "forgotten producer"
        case .expiry, .expiryFormat1: "expiry"
        case .profile: "profile"
        }
    }
}

/// The tag of a section of a record.
enum RecordSection: UInt64 {
    case end = 0
    /// When the change was decided: Unix seconds and seconds on `PersistentClock`, both as doubles.
    case time = 1
    /// The idempotency key and the number of the producer.
    case key = 2
    /// A `Batch`.
    case batch = 3
    /// What was decided about the batch (`Reservation`).
    case reservation = 4
    /// A `GroupImage`.
    case group = 5
    /// The names that a change is about.
    case names = 6
    /// The `ExpiredItems`.
    case expired = 7
    /// A `GroupChange`.
    case groupChange = 8
    /// Where a profile comes from, and its canonical bytes or their absence.
    case profile = 16
}

extension ByteWriter {
    /// Begins a record with its kind and its time.
    mutating func begin(_ kind: RecordKind, time: Timestamp) {
        write(kind.rawValue)
        write(RecordSection.time)
        write(time.unixSeconds)
        write(time.persistentSeconds)
    }

    mutating func write(_ section: RecordSection) {
        write(section.rawValue)
    }

    mutating func endRecord() {
        write(RecordSection.end)
    }

    /// Writes the section of the idempotency key, if there is one.
    mutating func write(_ key: IdempotencyKey?, number: UInt64) {
        guard let key else { return }
        write(RecordSection.key)
        write(key.producer)
        write(key.start)
        write(key.sequence)
        write(number)
    }
}

extension ByteReader {
    /// The tag of the next section; nil, and the record damaged, if it is unknown.
    @_lifetime(self: copy self)
    mutating func section() -> RecordSection? {
        let section = RecordSection(rawValue: number())
        if section == nil { damage() }
        return section
    }

    /// The content of the section of the idempotency key.
    @_lifetime(self: copy self)
    mutating func keyAndNumber() -> (key: IdempotencyKey, number: UInt64) {
        let producer = text().string
        let (start, sequence) = (number(), number())
        return (IdempotencyKey(producer: producer, start: start, sequence: sequence), number())
    }

    /// As `keyAndNumber`, behind the flag of format 1.
    @_lifetime(self: copy self)
    mutating func keyFormat1() -> (key: IdempotencyKey, number: UInt64)? {
        flag() ? keyAndNumber() : nil
    }
}
