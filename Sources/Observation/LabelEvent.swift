package import Wire

/// What turned out to be true of an earlier prediction.
package struct LabelEvent: Sendable {
    /// The event's place in the body, from 0.
    package var item: UInt32 = 0
    /// Index in `Batch.scopes`. The scope has no version if the label is joined by `id` and names
    /// none.
    package var scope = 0
    /// The id of the prediction; empty if the label is self-contained.
    package var id = StringRef.empty
    /// A number or a string.
    package var label = Value.missing
    /// `missing` unless the label is self-contained.
    package var prediction = Value.missing
    /// The probability of the positive class; NaN if absent.
    package var score = Double.nan
    /// Range in `Batch.labelGroups`; the `row` of these is the label's index.
    package var groups = 0..<0

    package init() {}
}

extension Batch {
    /// The labels in the order of the body.
    package var labels: [LabelEvent] { lists.labels }
    /// The groups of all labels.
    package var labelGroups: [GroupTag] { lists.labelGroups }

    /// Appends a label whose groups have been appended.
    package mutating func append(_ label: LabelEvent) { lists.labels.append(label) }

    /// Appends a group of the label that is appended next.
    package mutating func appendLabelGroup(_ facet: Symbol, group: Symbol) {
        lists.labelGroups.append(
            GroupTag(row: UInt32(truncatingIfNeeded: labels.count), facet: facet, group: group))
    }
}

extension LabelEvent: BatchEvents {
    package static var kind: EventKind { .label }

    package static func count(in batch: borrowing Batch) -> Int { batch.lists.labels.count }

    package static func removeAll(from batch: inout Batch) {
        batch.lists.labels.removeAll(keepingCapacity: true)
        batch.lists.labelGroups.removeAll(keepingCapacity: true)
    }

    package static func capacityBytes(in batch: borrowing Batch) -> Int {
        batch.lists.labels.capacity * MemoryLayout<LabelEvent>.stride
            + batch.lists.labelGroups.capacity * MemoryLayout<GroupTag>.stride
    }

    /// A record says that there was a label, not which.
    package static func write(_ batch: borrowing Batch, to record: inout ByteWriter) {
        record.write(batch.lists.labels) { label, record in
            record.write(UInt64(label.item))
            record.write(count: label.scope)
        }
    }

    package static func read(_ record: inout ByteReader, into batch: inout Batch) {
        if batch.recordForm < 4 {
            readGroups(&record, into: &batch)
            readEvents(&record, into: &batch)
            return
        }
        for _ in 0..<record.count() {
            var label = LabelEvent()
            label.item = UInt32(truncatingIfNeeded: record.number())
            label.scope = record.number(below: batch.scopes.count)
            batch.append(label)
        }
    }

    static func readGroups(_ record: inout ByteReader, into batch: inout Batch) {
        for _ in 0..<record.count() {
            let label = UInt32(truncatingIfNeeded: record.number())
            let facet = batch.name(&record, required: true)
            let group = batch.name(&record, required: true)
            batch.lists.labelGroups.append(GroupTag(row: label, facet: facet, group: group))
        }
    }

    static func readEvents(_ record: inout ByteReader, into batch: inout Batch) {
        for _ in 0..<record.count() {
            var label = LabelEvent()
            label.item = UInt32(truncatingIfNeeded: record.number())
            label.scope = record.number(below: batch.scopes.count)
            label.id = batch.text(&record)
            label.label = batch.value(&record)
            label.prediction = batch.value(&record)
            label.score = record.double()
            label.groups = batch.range(&record, count: batch.lists.labelGroups.count)
            batch.append(label)
        }
    }
}
