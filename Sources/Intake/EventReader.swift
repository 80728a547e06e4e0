internal import Kernel
internal import Observation

/// Reads the events of a body, one element after the other, into a batch.
struct EventReader: ~Copyable {
    let limits: EventLimits
    let table = KeyTable()
    /// Events of the body so far.
    private(set) var items = 0
    var now = 0.0
    /// Which object a name has last been a key of: tells keys that stand there twice.
    private var stamps: [UInt32] = []
    private var key: UInt32 = 0
    /// What stood in the same place before, and probably does again.
    private var lastModel = Symbol.none
    private var lastVersion = Symbol.none
    private var lastVariant = Symbol.none
    private var lastScope = -1
    var lastFeatures: [Symbol] = []
    var lastReason = Symbol.none
    /// The names of outcomes that are reasons, by `RequestOutcome.rawValue`.
    private var outcomeNames: InlineArray<6, Symbol> = InlineArray(repeating: .none)
    /// Of the columns that are being read.
    var columns: [Column] = []
    var columnRows = ColumnRows()

    init(_ limits: EventLimits) {
        self.limits = limits
        precondition(RequestOutcome.allCases.count == outcomeNames.count)
    }

    /// A new body begins.
    mutating func begin(now: Double) {
        self.now = now
        items = 0
        stamps.removeAll(keepingCapacity: true)
        key = 0
        lastModel = .none
        lastVersion = .none
        lastVariant = .none
        lastScope = -1
        lastReason = .none
        lastFeatures.removeAll(keepingCapacity: true)
        outcomeNames = InlineArray(repeating: .none)
    }

    /// Counts an event that cannot be read.
    mutating func refuse(
        _ code: RejectionCode, detail: @autoclosure () -> String, outcome: inout BatchOutcome
    ) {
        outcome.reject(items, code: code, detail: detail())
        items += 1
    }

    mutating func read(_ event: JSONValue, batch: inout Batch, outcome: inout BatchOutcome) {
        let item = items
        items += 1
        guard item < limits.events else {
            outcome.reject(
                item, code: .eventLimit, detail: "a push holds at most \(limits.events) events")
            return
        }
        guard event.kind(0) == .object else {
            outcome.reject(item, code: .notAnObject, detail: "an event must be an object")
            return
        }
        let mark = batch.mark
        do throws(EventError) {
            let members = try KnownFields(event, position: 0, table: table)
            try read(
                event, members: members, item: item, mark: mark, batch: &batch, outcome: &outcome)
        } catch {
            batch.takeBack(to: mark)
            items = item + 1
            outcome.reject(item, code: error.code, detail: error.sentence)
        }
    }

    private mutating func read(
        _ event: JSONValue, members: KnownFields, item: Int, mark: borrowing Batch.Checkpoint,
        batch: inout Batch, outcome: inout BatchOutcome
    ) throws(EventError) {
        if let position = members[.timestamp] {
            try note(event, timestamp: position, batch: &batch)
        }
        guard let position = members[.type] else {
            return try readInference(
                event, members: members, item: item, mark: mark, batch: &batch, outcome: &outcome)
        }
        let type = try event.text(position, limit: limits.nameBytes, subject: "type")
        if type.equals("inference") {
            try readInference(
                event, members: members, item: item, mark: mark, batch: &batch, outcome: &outcome)
        } else if type.equals("label") {
            try readLabel(event, members: members, item: item, batch: &batch)
        } else if type.equals("training") {
            try readTraining(event, members: members, item: item, batch: &batch)
        } else if type.equals("state") {
            try readState(event, members: members, item: item, batch: &batch)
        } else if type.equals("model") {
            try readNews(event, members: members, item: item, batch: &batch)
        } else if type.equals("metric") {
            try readMetric(event, members: members, item: item, batch: &batch)
        } else {
            throw EventError(
                .unknownType, key: .type,
                rule: "must be one of inference, label, training, state, model, metric")
        }
    }

    /// The rows of a columns form stand for an event each.
    mutating func countItems(upTo end: Int) {
        items = end
    }

    // MARK: What all events have

    func note(
        _ event: JSONValue, timestamp position: Int, batch: inout Batch
    ) throws(EventError) {
        let timestamp = try event.finite(position, subject: "timestamp")
        if (timestamp - now).magnitude > limits.timestampSeconds {
            batch.omissions.timestamps &+= 1
        }
    }

    /// The scope of an event about a model. `version` is the one that an absent version means.
    mutating func scope(
        _ event: JSONValue, members: KnownFields, absentVersion: StaticString?,
        batch: inout Batch
    ) throws(EventError) -> Int {
        guard let position = members[.model] else {
            throw EventError(.missingField, key: .model, rule: "is missing: the model's name")
        }
        let text = try event.text(position, limit: limits.nameBytes, subject: "model")
        if text.isEmpty { throw EventError(.badValue, key: .model, rule: "must not be empty") }
        let model = batch.intern(text, guess: lastModel)
        let version = try version(event, members: members, absent: absentVersion, batch: &batch)
        var variant = Symbol.none
        if let position = members[.variant] {
            let text = try event.text(position, limit: limits.nameBytes, subject: "variant")
            if !text.isEmpty { variant = batch.intern(text, guess: lastVariant) }
        }
        if lastScope < 0 || model != lastModel || version != lastVersion || variant != lastVariant {
            lastScope = batch.scope(model: model, version: version, variant: variant)
            lastModel = model
            lastVersion = version
            lastVariant = variant
        }
        return lastScope
    }

    private mutating func version(
        _ event: JSONValue, members: KnownFields, absent: StaticString?, batch: inout Batch
    ) throws(EventError) -> Symbol {
        if let position = members[.version] {
            let text = try event.text(position, limit: limits.nameBytes, subject: "version")
            if !text.isEmpty { return batch.intern(text, guess: lastVersion) }
        }
        guard let absent else { return .none }
        return batch.intern(absent)
    }

    /// Begins an object whose keys must differ.
    mutating func beginKeys() {
        key &+= 1
    }

    /// Whether the name is a key of the object for the first time.
    mutating func isFirst(_ name: Symbol) -> Bool {
        let index = Int(name.index)
        while stamps.count <= index { stamps.append(0) }
        if stamps[index] == key { return false }
        stamps[index] = key
        return true
    }

    /// A key of an object as a name, which must not stand there twice.
    mutating func key(
        _ event: JSONValue, position: Int, subject: StaticString, guess: Symbol = .none,
        batch: inout Batch
    ) throws(EventError) -> Symbol {
        let name = batch.intern(
            try event.key(position, limit: limits.nameBytes, subject: subject), guess: guess)
        if !isFirst(name) {
            throw EventError(.duplicateKey, subject: subject, rule: "has a key twice")
        }
        return name
    }

    /// The outcome's name, as the reason of a request that says no other.
    mutating func name(of outcome: RequestOutcome, batch: inout Batch) -> Symbol {
        let index = Int(outcome.rawValue)
        if outcomeNames[index].isNone { outcomeNames[index] = batch.intern(outcome.name) }
        return outcomeNames[index]
    }
}
