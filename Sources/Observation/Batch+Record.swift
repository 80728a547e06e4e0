package import Wire

/// A batch as a record of the journal: the form, the names, the scopes, then a section for each
/// kind of event that the batch has, with the kind's tag before it.
extension Batch {
    /// The form that is written. Form 1 had no tags: all kinds in a fixed order. Forms 1 and 2 had a
    /// fixed number of lists of rows of inference, and no use of a cache in states.
    private static let form: UInt64 = 3
    /// What forms 1 and 2 had: lists of observations, and lists in all.
    static let formerMeasures = 11
    static let formerLists = 19

    /// Writes the whole batch.
    package func write(to record: inout ByteWriter) {
        record.write(Batch.form)
        names.write(to: &record)
        record.write(scopes) { scope, record in
            record.write(scope.model)
            record.write(scope.version)
            record.write(scope.variant)
        }
        let kinds = EventKind.allCases.filter { $0.type.count(in: self) > 0 }
        record.write(count: kinds.count)
        for kind in kinds {
            record.write(UInt64(kind.rawValue))
            kind.type.write(self, to: &record)
        }
    }

    /// Becomes the batch that was written, in this form or in form 1. Returns false, and is empty,
    /// if the record is damaged or of a later form.
    package mutating func read(_ record: inout ByteReader) -> Bool {
        removeAll()
        switch record.number() {
        case 1: readForm1(&record)
        case 2: readSections(&record, isForm2: true)
        case Batch.form: readSections(&record)
        default: record.damage()
        }
        if record.isDamaged { removeAll() }
        return !record.isDamaged
    }

    private mutating func readSections(_ record: inout ByteReader, isForm2: Bool = false) {
        readNames(&record)
        var before = -1
        for _ in 0..<record.count() {
            let tag = record.number(below: EventKind.allCases.count)
            // Each kind once, in order: a section that comes twice would mix two lists of ranges.
            if tag <= before { record.damage() }
            before = tag
            guard !record.isDamaged, let kind = EventKind(rawValue: UInt8(tag)) else { return }
            switch kind {
            case .inference where isForm2: InferenceRows.readForm2(&record, into: &self)
            case .state where isForm2: StateEvent.read(&record, into: &self, haveCacheUsage: false)
            default: kind.type.read(&record, into: &self)
            }
        }
    }

    private mutating func readForm1(_ record: inout ByteReader) {
        readNames(&record)
        InferenceRows.readRows(&record, into: &self)
        InferenceRows.readFormerObservations(&record, into: &self)
        InferenceRows.readNumbers(&record, into: &self)
        InferenceRows.readGroups(&record, into: &self)
        LabelEvent.readGroups(&record, into: &self)
        InferenceRows.readInputErrors(&record, into: &self, haveRows: false)
        InferenceRows.readTexts(&record, into: &self)
        TrainingEvent.readParts(&record, into: &self)
        MetricEvent.readLabels(&record, into: &self)
        LabelEvent.readEvents(&record, into: &self)
        TrainingEvent.readEvents(&record, into: &self)
        StateEvent.read(&record, into: &self, haveCacheUsage: false)
        ModelEvent.read(&record, into: &self)
        MetricEvent.readEvents(&record, into: &self)
        InferenceRows.readRuns(&record, into: &self, lists: Batch.formerLists)
    }

    private mutating func readNames(_ record: inout ByteReader) {
        names.read(&record)
        for _ in 0..<record.count() {
            let model = name(&record, required: true)
            let version = name(&record)
            let variant = name(&record)
            _ = scope(model: model, version: version, variant: variant)
        }
    }
}

extension ByteWriter {
    /// Writes how many elements the list has, then each of them.
    mutating func write<Element>(
        _ list: [Element], write: (Element, inout ByteWriter) -> Void
    ) {
        self.write(count: list.count)
        for element in list { write(element, &self) }
    }
}
