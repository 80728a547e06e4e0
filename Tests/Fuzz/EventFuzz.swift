// modules: Kernel Observation Intake

import Kernel
import Observation

// Feeds the decoder of pushed events, the inflater and the parsers of their headers and paths.
@testable import Intake

private nonisolated(unsafe) var decoder = EventDecoder()
private nonisolated(unsafe) var batch = Batch()
private nonisolated(unsafe) var outcome = BatchOutcome()

/// The first byte chooses what reads the rest. A `precondition` below is a property that no input
/// may break.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start = unsafe start, count > 0 else { return 0 }
    let input = unsafe Span<UInt8>(_unsafeStart: start, count: count)
    let text = input.extracting(droppingFirst: 1)
    switch input[0] % 6 {
    case 0, 1: fuzzEvents(text, form: .json)
    case 2: fuzzEvents(text, form: .lines)
    case 3: fuzzInflater(text)
    case 4: fuzzStamp(text)
    default:
        if let path = ResourcePath(text) { precondition(!path.parts.isEmpty) }
        _ = HostCheck(names: ["h"]).allows(text)
        _ = EventIngestor.form(text)
        _ = ContentEncoding(text)
    }
    return 0
}

private func fuzzEvents(_ text: Span<UInt8>, form: EventDecoder.Form) {
    var body = Buffer(capacity: text.count + EventDecoder.padding + 1)
    body.append(text)
    body.reserve(EventDecoder.padding)
    let items: Int
    do throws(BodyError) {
        items = unsafe try decoder.decode(
            body.bytes, form: form, now: 1.8e9, into: &batch, outcome: &outcome)
    } catch {
        // Lines are refused as a whole only for their encoding.
        precondition(!error.sentence.isEmpty)
        unsafe precondition(batch.isEmpty && outcome.rejected == 0)
        return
    }
    unsafe precondition(batch.eventCount + outcome.rejected == items)
    unsafe checkRows(items)
    for rejection in unsafe outcome.rejections {
        precondition(rejection.index < items && !rejection.detail.isEmpty)
    }
    _ = unsafe PushAnswer.events(items, outcome: outcome)
}

/// What a consumer of a batch relies on.
private func checkRows(_ items: Int) {
    var rows = 0
    for run in unsafe batch.runs.indices {
        let range = unsafe batch.rows(of: run)
        precondition(range.lowerBound == rows && !range.isEmpty)
        rows = range.upperBound
        let scope = unsafe batch.scopes[batch.runs[run].scope]
        let (model, version) = unsafe (batch.bytes(scope.model), batch.bytes(scope.version))
        precondition(!model.isEmpty && model.count <= 255 && version.count <= 255)
        for measure in Measure.allCases {
            let all = unsafe batch.observations(measure)
            for index in unsafe batch.observations(measure, of: run) {
                let observation = all[index]
                precondition(range.contains(Int(observation.row)) && observation.weight > 0)
                precondition(observation.value >= 0 && observation.value.isFinite)
            }
        }
        for index in unsafe batch.numberColumns(of: run) {
            let column = unsafe batch.numberColumns[index]
            precondition(!column.rows.isEmpty && range.contains(column.rows.lowerBound))
            precondition(column.rows.upperBound <= range.upperBound)
            for place in column.first..<column.first + column.rows.count {
                unsafe precondition(batch.numbers[place].isFinite)
            }
        }
        for index in unsafe batch.features(of: run) {
            let feature = unsafe batch.features[index]
            precondition(range.contains(Int(feature.row)))
            precondition(feature.value.number.isFinite)
            _ = unsafe batch.bytes(feature.value.text)
            _ = unsafe batch.bytes(feature.feature)
        }
    }
    unsafe precondition(rows == batch.items.count)
    for row in 0..<rows {
        unsafe precondition(Int(batch.items[row]) < items && batch.weights[row] > 0)
        let isFailure = unsafe batch.outcomes[row] != .ok
        unsafe precondition(!isFailure || !batch.reasons[row].isNone)
    }
}

private func fuzzInflater(_ body: Span<UInt8>) {
    var limits = EventLimits()
    limits.plainBytes = 1 << 16
    limits.ratioFreeBytes = 1 << 12
    var inflater = Inflater()
    var plain = Buffer(capacity: 16)
    do throws(Inflater.Failure) {
        try inflater.inflate(body, into: &plain, limits: limits)
        precondition(plain.count <= 1 << 16)
    } catch {
        precondition(plain.count == 0)
    }
}

/// A line feed ends each of the three headers; the numbers behind them are those of batches.
private func fuzzStamp(_ text: Span<UInt8>) {
    var lines = Cursor(text)
    let (producer, start, sequence) = (
        lines.part(endedBy: 0x0A), lines.part(endedBy: 0x0A), lines.part(endedBy: 0x0A)
    )
    do throws(IdempotencyKey.Problem) {
        let key = try IdempotencyKey.read(producer: producer, start: start, sequence: sequence)
        precondition(key.map { $0.sequence > 0 && !$0.producer.isEmpty } ?? false)
        guard let key else { return }
        var window = SequenceWindow()
        _ = window.see(1)
        _ = window.see(key.sequence)
        precondition(window.see(key.sequence) == .known)
    } catch {
        precondition(!error.sentence.isEmpty)
    }
}
