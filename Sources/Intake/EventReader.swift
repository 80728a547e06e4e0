internal import Kernel
internal import Observation

/// Reads the events of a body, one element after the other, into a batch.
struct EventReader: ~Copyable {
    let limits: EventLimits
    let table = KeyTable()
    /// Events of the body so far.
    private(set) var items = 0
    var now = 0.0
    /// By symbol, the number of the object whose key it was last: finds keys that are given twice
    /// without a set per object.
    private var stamps: [UInt32] = []
    private var key: UInt32 = 0
    /// The values of the previous event at the same position, tried first: most events of a push
    /// have the same.
    private var lastModel = Symbol.none
    private var lastVersion = Symbol.none
    private var lastVariant = Symbol.none
    private var lastScope = -1
    var lastFeatures: [Symbol] = []
    var lastReason = Symbol.none
    var lastFinishReason = Symbol.none
    /// The names of outcomes that are reasons, by `RequestOutcome.rawValue`.
    private var outcomeNames: InlineArray<6, Symbol> = InlineArray(repeating: .none)
    /// Of the columns that are being read.
    var columns: [Column] = []
    var columnRows = ColumnRows()

    init(_ limits: EventLimits) {
        self.limits = limits
        precondition(RequestOutcome.allCases.count == outcomeNames.count)
    }

    /// Starts a new body. `now` is in Unix seconds.
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
        lastFinishReason = .none
        lastFeatures.removeAll(keepingCapacity: true)
        outcomeNames = InlineArray(repeating: .none)
    }

    /// Counts an event that is not valid JSON.
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
                item, code: .eventLimit, detail: "a push must have at most \(limits.events) events")
            return
        }
        guard event.kind(0) == .object else {
            outcome.reject(
                item, code: .notAnObject,
                detail: EventError(
                    .notAnObject, subject: "an event", rule: "must be an object", position: 0
                ).sentence(in: event))
            return
        }
        let mark = batch.mark
        do throws(EventError) {
            let fields = try KnownFields(event, position: 0, table: table)
            let source = EventSource(event, fields: fields, item: item, mark: mark)
            if let position = fields[.timestamp] {
                try checkTimestamp(event, position: position, batch: &batch)
            }
            try read(source, batch: &batch, outcome: &outcome)
        } catch {
            batch.rollBack(to: mark)
            items = item + 1
            outcome.reject(item, code: error.code, detail: error.sentence(in: event))
        }
    }

    /// The readers by kind. Looked up once: a cast to a protocol costs a microsecond.
    private static let readers: [any ReadableEvent.Type] = EventKind.allCases.map { kind in
        guard let reader = kind.type as? any ReadableEvent.Type else {
            preconditionFailure("no reader for events of kind \(kind.name)")
        }
        return reader
    }

    private mutating func read(
        _ source: borrowing EventSource, batch: inout Batch, outcome: inout BatchOutcome
    ) throws(EventError) {
        guard let position = source.fields[.type] else {
            return try read(InferenceRows.self, source: source, batch: &batch, outcome: &outcome)
        }
        try source.value.requireString(position, subject: "type")
        let type = source.value.text(position)
        for reader in EventReader.readers where type.equals(reader.kind.name) {
            return try read(reader, source: source, batch: &batch, outcome: &outcome)
        }
        throw EventError(
            .unknownType, key: .type,
            rule: "must be one of inference, label, training, state, model, metric",
            position: position)
    }

    private mutating func read(
        _ reader: any ReadableEvent.Type, source: borrowing EventSource, batch: inout Batch,
        outcome: inout BatchOutcome
    ) throws(EventError) {
        let keys = reader.keys.union(Key.ofScope)
        recordUnknown(
            source.value, position: 0, fields: source.fields, besides: keys, batch: &batch)
        try reader.read(source, with: &self, batch: &batch, outcome: &outcome)
    }

    /// Counts the rows of columns: an event each.
    mutating func countItems(upTo end: Int) {
        items = end
    }

    // MARK: Keys of every event

    /// Counts a timestamp that is too far from now; the event is used without it.
    func checkTimestamp(
        _ event: JSONValue, position: Int, batch: inout Batch
    ) throws(EventError) {
        let timestamp = try event.number(position, rule: .finite, subject: "timestamp")
        if (timestamp - now).magnitude > limits.timestampSeconds {
            batch.omissions.timestamps &+= 1
        }
    }

    /// The scope of an event. `absentVersion` is the version of an event without one.
    mutating func scope(
        _ event: JSONValue, fields: KnownFields, absentVersion: StaticString?,
        batch: inout Batch
    ) throws(EventError) -> Int {
        guard let position = fields[.model] else {
            throw EventReader.missingModel(event, fields: fields)
        }
        let text = try event.text(position, limit: limits.nameBytes, subject: "model")
        if text.isEmpty {
            throw EventError(
                .badValue, key: .model, rule: "must not be empty", position: position)
        }
        let model = batch.intern(text, guess: lastModel)
        let version = try version(event, fields: fields, absent: absentVersion, batch: &batch)
        var variant = Symbol.none
        if let position = fields[.variant] {
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

    /// An event without a model. A common mistake is to wrap the events in an object.
    private static func missingModel(_ event: JSONValue, fields: KnownFields) -> EventError {
        let end = event.end(0)
        var next = 1
        while fields.haveUnknown, next < end {
            if event.kind(next) == .key, event.text(next).equals("events"),
                event.kind(next + 1) == .array
            {
                return EventError(
                    .missingField, key: .model,
                    rule:
                        "is required; to push several events, send the array itself and not an object with the key events"
                )
            }
            next = event.end(next + 1)
        }
        return EventError(.missingField, key: .model, rule: "is required: the name of the model")
    }

    private mutating func version(
        _ event: JSONValue, fields: KnownFields, absent: StaticString?, batch: inout Batch
    ) throws(EventError) -> Symbol {
        if let position = fields[.version] {
            let text = try event.text(position, limit: limits.nameBytes, subject: "version")
            if !text.isEmpty { return batch.intern(text, guess: lastVersion) }
        }
        guard let absent else { return .none }
        return batch.intern(absent)
    }

    /// Starts an object whose keys must differ.
    mutating func beginKeys() {
        key &+= 1
    }

    /// Whether the symbol is a key of the current object for the first time.
    mutating func isFirst(_ name: Symbol) -> Bool {
        let index = Int(name.index)
        while stamps.count <= index { stamps.append(0) }
        if stamps[index] == key { return false }
        stamps[index] = key
        return true
    }

    /// A key of an object as a symbol. Errors if the object has the key twice.
    mutating func key(
        _ event: JSONValue, position: Int, subject: StaticString, guess: Symbol = .none,
        batch: inout Batch
    ) throws(EventError) -> Symbol {
        let name = batch.intern(
            try event.key(position, limit: limits.nameBytes, subject: subject), guess: guess)
        if !isFirst(name) {
            throw EventError(.duplicateKey, subject: subject, rule: "is given twice")
        }
        return name
    }

    /// The outcome's name as a symbol: the reason of a request without one.
    mutating func name(of outcome: RequestOutcome, batch: inout Batch) -> Symbol {
        let index = Int(outcome.rawValue)
        if outcomeNames[index].isNone { outcomeNames[index] = batch.intern(outcome.name) }
        return outcomeNames[index]
    }
}
