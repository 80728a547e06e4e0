package import Wire

/// A business metric: a KPI's value, increment or target.
package struct MetricEvent: Sendable {
    package enum Shape: UInt8, Sendable {
        case gauge, counter
    }

    /// The event's place in the body, from 0.
    package var item: UInt32 = 0
    /// Index in `Batch.scopes`; -1 if the event names no model.
    package var scope = -1
    /// The name of the KPI.
    package var name = Symbol.none
    package var shape = Shape.gauge
    /// NaN if absent; at least one of value and target is there.
    package var value = Double.nan
    package var target = Double.nan
    /// `none` if absent.
    package var unit = Symbol.none
    /// Range in `Batch.metricLabels`.
    package var labels = 0..<0

    package init() {}
}

/// A label of a business metric. The name is valid in Prometheus, does not begin with `__` and is
/// none of `model`, `version`, `variant`, `kpi`.
package struct MetricLabel: Sendable, BitwiseCopyable {
    package let name: Symbol
    package let value: Symbol
}

extension Batch {
    /// The business metrics in the order of the body.
    package var metrics: [MetricEvent] { lists.metrics }
    /// The labels of all business metrics.
    package var metricLabels: [MetricLabel] { lists.metricLabels }

    /// Appends a metric whose labels have been appended.
    package mutating func append(_ metric: MetricEvent) { lists.metrics.append(metric) }

    package mutating func append(metricLabel name: Symbol, value: Symbol) {
        lists.metricLabels.append(MetricLabel(name: name, value: value))
    }
}

extension MetricEvent: BatchEvents {
    package static var kind: EventKind { .metric }

    package static func count(in batch: borrowing Batch) -> Int { batch.lists.metrics.count }

    package static func removeAll(from batch: inout Batch) {
        batch.lists.metrics.removeAll(keepingCapacity: true)
        batch.lists.metricLabels.removeAll(keepingCapacity: true)
    }

    package static func capacityBytes(in batch: borrowing Batch) -> Int {
        batch.lists.metrics.capacity * MemoryLayout<MetricEvent>.stride
            + batch.lists.metricLabels.capacity * MemoryLayout<MetricLabel>.stride
    }

    package static func write(_ batch: borrowing Batch, to record: inout ByteWriter) {
        record.write(batch.lists.metricLabels) { label, record in
            record.write(label.name)
            record.write(label.value)
        }
        record.write(batch.lists.metrics) { metric, record in
            record.write(UInt64(metric.item))
            record.write(count: metric.scope + 1)
            record.write(metric.name)
            record.write(UInt64(metric.shape.rawValue))
            record.write(metric.value)
            record.write(metric.target)
            record.write(metric.unit)
            record.write(metric.labels)
        }
    }

    package static func read(_ record: inout ByteReader, into batch: inout Batch) {
        readLabels(&record, into: &batch)
        readEvents(&record, into: &batch)
    }

    static func readLabels(_ record: inout ByteReader, into batch: inout Batch) {
        for _ in 0..<record.count() {
            let name = batch.name(&record, required: true)
            batch.append(metricLabel: name, value: batch.name(&record, required: true))
        }
    }

    static func readEvents(_ record: inout ByteReader, into batch: inout Batch) {
        for _ in 0..<record.count() {
            var metric = MetricEvent()
            metric.item = UInt32(truncatingIfNeeded: record.number())
            metric.scope = record.number(below: batch.scopes.count + 1) - 1
            metric.name = batch.name(&record, required: true)
            metric.shape = record.flag() ? .counter : .gauge
            metric.value = record.double()
            metric.target = record.double()
            metric.unit = batch.name(&record)
            metric.labels = batch.range(&record, count: batch.lists.metricLabels.count)
            batch.append(metric)
        }
    }
}
