import Exposition
import Kernel
import Observation
import Series
import Testing
import Wire

@testable import Model

struct RecordTests {
    /// Models of which all that can be known is known.
    private func full(natives: Bool = false) -> Models {
        var settings = ModelSettings()
        settings.rules.retrainObservationThreshold = 100
        let models = Models(SeriesLimits(), settings: settings, nativeHistograms: natives)
        var push = Push()
        for variant in ["", "champion"] {
            push.add {
                $0.variant = variant
                $0.outcome = .serverError
                $0.reason = "out of memory"
                $0.seconds = [(0.012, 3), (0.5, 1)]
                $0.weight = 4
                $0.measures = [
                    .stageQueue: 0.1, .inputTokens: 5, .timeToFirstToken: 0.2, .batchSize: 2,
                ]
                $0.features = [("amount", .number(1)), ("country", .text("DE"))]
                $0.errors = [("age", .outOfRange)]
                $0.finishReason = "stop"
            }
        }
        push.add(state: "fraud", version: "3", inFlight: 4, cache: 0.5)
        push.add(
            lifecycle: "fraud", kind: .loaded, framework: "lightgbm", gitSHA: "abc", trainedAt: 5)
        push.add(metric: "profit", kind: .counter, value: 3, target: 9, model: "churn")
        push.add(metric: "profit", kind: .gauge, value: -3)
        var training = TrainingEvent()
        training.item = push.item()
        training.scope = push.scope("fraud", version: "")
        training.run = push.name("monday")
        training.status = .failed
        training.epoch = 4
        let feature = push.name("amount")
        push.batch.append(trainingNumber: 0.4, of: feature)
        training.importance = 0..<1
        training.metrics = 0..<1
        push.batch.append(training)
        for version in ["3", ""] {
            var label = LabelEvent()
            label.item = push.item()
            label.scope = push.scope("fraud", version: version)
            push.batch.append(label)
        }
        let outcome = push.send(to: models, from: 7)
        precondition(outcome.rejected == 0)
        return models
    }

    @Test(arguments: [false, true])
    func `models that are restored show the same page and go on`(natives: Bool) {
        let models = full(natives: natives)
        let sections = ModelSections(models)
        var settings = ModelSettings()
        settings.rules.retrainObservationThreshold = 100
        let other = Models(SeriesLimits(), settings: settings, nativeHistograms: natives)
        #expect(sections.restore(into: other))
        #expect(other.text() == models.text())
        #expect(other.text(.protobuf) == models.text(.protobuf))
        #expect(other.list.map(\.rows) == models.list.map(\.rows))
        for each in [models, other] {
            each.take {
                $0.features = [("amount", .text("much")), ("new", .missing)]
                $0.seconds = [(0.3, 1)]
                $0.outcome = .timeout
                $0.reason = "out of memory"
            }
            var push = Push()
            push.add(metric: "profit", kind: .counter, value: -1, model: "churn")
            push.add(lifecycle: "fraud", kind: .loaded)
            push.add(state: "fraud", version: "3", queue: 1)
            #expect(push.send(to: each, from: 7).rejected == 0)
        }
        let shown = other.text().split(separator: "\n")
        let expected = models.text().split(separator: "\n")
        for (line, wanted) in zip(shown, expected)
        where !line.hasPrefix("ml_model_loaded_timestamp_seconds") { #expect(line == wanted) }
        #expect(shown.count == expected.count)
        let count = models.budget.count
        #expect(other.budget.count == count)
    }

    @Test func `a snapshot that is cut or changed is refused or read, and traps nothing`() {
        let whole = ModelSections(full())
        let models = Models()
        for place in whole.all.indices {
            for length in stride(from: 0, to: whole.all[place].bytes.count - 1, by: 7) {
                var cut = ModelSections()
                cut.all = [whole.all[place]]
                cut.all[0].bytes.removeLast(cut.all[0].bytes.count - length)
                #expect(!cut.restore(into: models))
                #expect(models.list.isEmpty)
            }
        }
        var state: UInt64 = 88_172_645_463_325_252
        func next(_ limit: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(limit))
        }
        for _ in 0..<400 {
            var changed = whole
            for _ in 0..<2 {
                let place = next(whole.all.count)
                changed.all[place].bytes[next(whole.all[place].bytes.count)] = UInt8(next(256))
            }
            models.removeAll()
            _ = changed.restore(into: models)
            _ = models.text()
            models.take { $0.features = [("amount", .number(1))] }
        }
        models.removeAll()
        #expect(models.list.isEmpty)
    }

    @Test
    func `a snapshot is what was there when it was taken, whatever is pushed before it is written`()
    {
        let models = full()
        let before = models.text()
        let image = models.image
        // A version that is there, one that comes, facts, and one that goes.
        models.take {
            $0.seconds = [(0.3, 1)]
            $0.features = [("amount", .number(2)), ("late", .missing)]
        }
        models.take { $0.model = "late" }
        var push = Push()
        push.add(metric: "profit", kind: .counter, value: 1, model: "churn")
        push.add(state: "fraud", version: "3", inFlight: 70)
        _ = push.send(to: models, from: 7)
        _ = models.text()
        #expect(models.retire(model: "fraud", version: "3"))
        var settings = ModelSettings()
        settings.rules.retrainObservationThreshold = 100
        let other = Models(settings: settings)
        #expect(ModelSections(image).restore(into: other))
        #expect(other.text() == before)
        // What a snapshot that was given up has not read does not get into the next one.
        let given = models.image
        models.take { $0.model = "later" }
        let last = Models(settings: settings)
        #expect(ModelSections(models).restore(into: last))
        // A version that a snapshot holds still counts against the limit of series.
        func shown(_ models: Models) -> [Substring] {
            models.text().split(separator: "\n").filter { !$0.hasPrefix("ml_series ") }
        }
        #expect(shown(last) == shown(models))
        #expect(given.versionCount + 1 == models.image.versionCount)
    }

    @Test func `a decided batch is replayed as it was decided, whatever the limits are now`() {
        var limits = SeriesLimits()
        limits.models = 2
        let models = Models(limits)
        var push = Push()
        for model in ["a", "b", "c", "a"] { push.add { $0.model = model } }
        push.add(state: "c", version: "3", inFlight: 1)
        push.add(state: "a", version: "3", inFlight: 1)
        push.add(metric: "profit", kind: .gauge, value: 1, labels: [("region", "eu")])
        var outcome = BatchOutcome()
        let decision = models.reserve(
            push.batch, from: Sender(number: 5, process: nil), outcome: &outcome)
        #expect(outcome.rejected == 3)
        var record = ByteWriter()
        push.batch.write(to: &record)
        models.write(decision, to: &record)
        models.apply(push.batch, as: decision)

        for limit in [1, 50] {
            var limits = SeriesLimits()
            limits.models = limit
            let other = Models(limits)
            var reader = ByteReader(record.bytes.span)
            var batch = Batch()
            let isRead = batch.read(&reader)
            #expect(isRead)
            let isReplayed = other.replay(batch, record: &reader, at: .now)
            #expect(isReplayed)
            #expect(other.samples("ml_predictions_total") == models.samples("ml_predictions_total"))
            #expect(
                other.samples("ml_requests_in_flight") == models.samples("ml_requests_in_flight"))
            #expect(other.samples("ml_business").isEmpty)
        }
    }
}
