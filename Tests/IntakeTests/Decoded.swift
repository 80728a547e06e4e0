import Kernel
import Observation
import Testing

@testable import Intake

/// A body and what became of it.
final class Decoded {
    private(set) var batch = Batch()
    private(set) var outcome = BatchOutcome()
    private(set) var items = 0
    /// Why the whole body was refused.
    private(set) var problem: String?

    init(
        _ body: String, form: EventDecoder.Form = .json, limits: EventLimits = EventLimits(),
        now: Double = 1_795_219_000
    ) {
        var decoder = EventDecoder(limits: limits)
        decode(Array(body.utf8), form: form, now: now, decoder: &decoder)
    }

    init(bytes: [UInt8], form: EventDecoder.Form = .json) {
        var decoder = EventDecoder()
        decode(bytes, form: form, now: 1_795_219_000, decoder: &decoder)
    }

    init(_ body: String, decoder: inout EventDecoder) {
        decode(Array(body.utf8), form: .json, now: 1_795_219_000, decoder: &decoder)
    }

    private func decode(
        _ bytes: [UInt8], form: EventDecoder.Form, now: Double, decoder: inout EventDecoder
    ) {
        var body = Buffer(capacity: max(bytes.count, 1))
        body.append(bytes)
        body.reserve(EventDecoder.padding)
        do throws(BodyError) {
            items = try decoder.decode(
                body.bytes, form: form, now: now, into: &batch, outcome: &outcome)
        } catch {
            problem = error.sentence
        }
    }

    var accepted: Int { items - outcome.rejected }

    /// `index code sentence` of each refused event.
    var rejections: [String] {
        outcome.rejections.map { "\($0.index) \($0.code.name) \($0.detail)" }
    }

    func text(_ name: Symbol) -> String { batch.string(name) }
    func text(_ text: StringRef) -> String { batch.string(text) }

    /// `model/version/variant` of each run with its rows.
    var runs: [String] {
        batch.runs.indices.map { run in
            let scope = batch.scopes[batch.runs[run].scope]
            return "\(text(scope.model))/\(text(scope.version))/\(text(scope.variant)) "
                + "\(batch.rows(of: run))"
        }
    }

    /// `row value*weight` of each observation.
    func observations(_ measure: Measure) -> [String] { batch.strings(measure) }

    func show(_ value: Value) -> String {
        switch value.kind {
        case .number: "\(value.number)"
        case .text: "'\(text(value.text))'"
        case .notFiniteWord: "not finite '\(text(value.text))'"
        case .notFinite: "not finite"
        case .missing: "missing"
        }
    }

    var features: [String] {
        let columns = batch.numberColumns.flatMap { column in
            column.rows.map { row in
                let number = batch.numbers[column.first + row - column.rows.lowerBound]
                return "\(row) \(text(column.feature)) \(show(Value(number)))"
            }
        }
        return columns
            + batch.features.map { "\($0.row) \(text($0.feature)) \(show($0.value))" }
    }
}

extension Batch {
    func string(_ name: Symbol) -> String { name.isNone ? "-" : bytes(name).string }
    func string(_ text: StringRef) -> String { bytes(text).string }

    func strings(_ measure: Measure) -> [String] {
        let all = observations(measure)
        var strings: [String] = []
        for index in all.indices {
            strings.append("\(all[index].row) \(all[index].value)*\(all[index].weight)")
        }
        return strings
    }
}
