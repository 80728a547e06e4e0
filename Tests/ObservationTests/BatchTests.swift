import Kernel
import Observation
import Testing

struct BatchTests {
    private static func name(_ text: String, in batch: inout Batch) -> Symbol {
        batch.intern(Array(text.utf8).span)
    }

    private static func event(
        _ batch: inout Batch, model: String, seconds: Double, item: Int
    ) {
        let model = name(model, in: &batch)
        let version = batch.intern("unversioned")
        let scope = batch.scope(model: model, version: version, variant: .none)
        let mark = batch.mark
        batch.openRun(scope, at: mark)
        batch.observe(.duration, row: batch.nextRow, value: seconds)
        batch.appendRow(item: item, outcome: .ok, reason: .none, weight: 1, size: 1)
    }

    @Test func `events of one model that follow each other are one run`() {
        var batch = Batch()
        for (item, model) in ["a", "a", "b", "a"].enumerated() {
            BatchTests.event(&batch, model: model, seconds: Double(item), item: item)
        }
        let rows = batch.runs.indices.map { batch.rows(of: $0) }
        #expect(rows == [0..<2, 2..<3, 3..<4])
        #expect(batch.runs.map(\.scope) == [0, 1, 0])
        let durations = batch.runs.indices.map { batch.observations(.duration, of: $0) }
        #expect(durations == [0..<2, 2..<3, 3..<4])
        let scores = batch.runs.indices.map { batch.observations(.score, of: $0) }
        #expect(scores == [0..<0, 0..<0, 0..<0])
        let seconds = batch.observations(.duration)[2].value
        #expect(seconds == 2)
    }

    @Test func `equal names have equal numbers, whatever the guess`() {
        var batch = Batch()
        var names: [Symbol] = []
        for index in 0..<2000 { names.append(BatchTests.name("name \(index)", in: &batch)) }
        for index in 0..<2000 {
            let wrong = names[(index + 1) % 2000]
            let again = batch.intern(Array("name \(index)".utf8).span, guess: wrong)
            #expect(again == names[index])
            let text = batch.bytes(again).string
            #expect(text == "name \(index)")
        }
        #expect(batch.nameCount == 2000)
    }

    @Test func `what is taken back leaves no row and no entry`() {
        var batch = Batch()
        BatchTests.event(&batch, model: "a", seconds: 1, item: 0)
        let mark = batch.mark
        BatchTests.event(&batch, model: "b", seconds: 2, item: 1)
        let feature = batch.intern("f")
        batch.append(feature: feature, row: 1, value: .missing)
        batch.rollBack(to: mark)
        BatchTests.event(&batch, model: "a", seconds: 3, item: 2)
        #expect(batch.runs.count == 1)
        #expect(batch.items == [0, 2])
        #expect(batch.features.isEmpty)
        let durations = batch.observations(.duration, of: 0)
        #expect(durations == 0..<2)
    }

    @Test func `an emptied batch knows no name and no run`() {
        var batch = Batch()
        BatchTests.event(&batch, model: "a", seconds: 1, item: 0)
        batch.removeAll()
        let isEmpty = batch.isEmpty
        #expect(isEmpty)
        #expect(batch.nameCount == 0 && batch.runs.isEmpty && batch.scopes.isEmpty)
        BatchTests.event(&batch, model: "b", seconds: 1, item: 0)
        let model = batch.bytes(batch.scopes[0].model).string
        #expect(model == "b")
        let duration = batch.observations(.duration).count
        #expect(duration == 1)
    }

    @Test func `a value is what it was made of`() {
        let text = StringRef(offset: 7, count: 9)
        #expect(Value(1.5).number == 1.5 && Value(1.5).kind == .number)
        #expect(Value(text).text == text && Value(text).kind == .text)
        #expect(Value(text, isNotFinite: true).kind == .notFiniteWord)
        #expect(Value.missing.text.isEmpty && Value.missing.number == 0)
    }
}

struct VerdictTests {
    @Test func `twenty rejections are reported, all are counted`() {
        var outcome = BatchOutcome()
        for index in 0..<25 { outcome.reject(index, code: .badValue, detail: "value \(index)") }
        #expect(outcome.rejections.count == 20)
        #expect(outcome.rejected == 25 && outcome.omitted == 5)
        #expect(outcome.byCode[RejectionCode.badValue.rawValue] == 25)
        #expect(outcome.rejections[19].detail == "value 19")
    }

    @Test func `the text of an omitted rejection is not built`() {
        var outcome = BatchOutcome()
        for index in 0..<20 { outcome.reject(index, code: .syntax, detail: "") }
        var made = 0
        func sentence() -> String {
            made += 1
            return ""
        }
        outcome.reject(20, code: .syntax, detail: sentence())
        #expect(made == 0)
    }
}
