import Kernel
import Observation
import Series
import Testing

@testable import Model

struct BoundsTests {
    @Test func `counts that would exceed 2^53 are refused with their event`() {
        let models = Models()
        #expect(models.take { $0.weight = 1 << 53 }.rejected == 0)
        for size in [1, 1_000_000_000] as [UInt64] {
            let outcome = models.take {
                $0.weight = 1 << 53
                $0.size = size
            }
            #expect(outcome.rejections.map(\.code) == [.badValue])
        }
        #expect(
            models.value(#"ml_predictions_total{model="fraud",version="3"}"#) == "9007199254740992")
        var push = Push()
        push.add { $0.measures = [.outputTokens: 1e12] }
        push.add {
            $0.weight = 9_008
            $0.measures = [.outputTokens: 1e12]
            $0.version = "4"
        }
        let outcome = push.send(to: models)
        #expect(outcome.rejections.map(\.index) == [0, 1])
    }

    @Test func `pushes that are reserved together do not exceed a counter together`() {
        let models = Models()
        var first = Push()
        first.add { $0.weight = 1 << 52 }
        first.add { $0.weight = 1 << 52 }
        var second = Push()
        second.add { _ in }
        var outcome = BatchOutcome()
        let one = models.reserve(first.batch, from: .anonymous, outcome: &outcome)
        let other = models.reserve(second.batch, from: .anonymous, outcome: &outcome)
        #expect(outcome.rejected == 1)
        models.apply(first.batch, as: one)
        models.apply(second.batch, as: other)
        #expect(
            models.value(#"ml_predictions_total{model="fraud",version="3"}"#) == "9007199254740992")
    }

    @Test func `an infinite sum of an old record is not observed`() {
        let models = Models()
        models.take { $0.seconds = [(1.7e308, 10), (0.5, 1)] }
        #expect(
            models.value(#"ml_request_duration_seconds_sum{model="fraud",version="3"}"#) == "0.5")
    }
}

struct InvalidRowTests {
    private let models = Models()

    private func push(rows: [UInt32], size: UInt64 = 4, weight: UInt64 = 1) {
        var push = Push()
        push.add {
            $0.size = size
            $0.weight = weight
            $0.features = [("age", .missing)]
        }
        let feature = push.name("age")
        for rows in rows {
            push.batch.append(inputError: .missing, feature: feature, row: 0, rows: rows)
        }
        #expect(push.send(to: models).rejected == 0)
    }

    private func value(_ name: String, _ labels: String = "") -> String? {
        models.value("\(name){\(labels)model=\"fraud\",version=\"3\"}")
    }

    @Test(
        arguments: [
            ([1], 1, "1", "1"), ([4], 1, "4", "4"), ([2, 3], 1, "3", "2"), ([4], 10, "40", "40"),
        ] as [([UInt32], UInt64, String, String)])
    func `an input error makes one row invalid, or as many as its rows`(
        rows: [UInt32], weight: UInt64, invalid: String, errors: String
    ) {
        push(rows: rows, weight: weight)
        #expect(value("ml_input_rows_total") == "\(4 * weight)")
        #expect(value("ml_input_rows_invalid_total") == invalid)
        #expect(value("ml_feature_rows_total", "feature=\"age\",") == "\(weight)")
        #expect(value("ml_feature_missing_total", "feature=\"age\",") == "\(weight)")
        #expect(
            models.samples("ml_input_validation_errors_total").first?.hasSuffix(" \(errors)")
                == true)
    }
}

struct RetirementTests {
    @Test func `the last version leaves training and business metrics`() {
        let models = Models()
        var push = Push()
        push.add(metric: "saved", kind: .counter, value: 100, model: "fraud")
        push.add { _ in }
        _ = push.send(to: models)
        #expect(models.retire(model: "fraud", version: "3"))
        #expect(models.value(#"ml_business_value_total{kpi="saved",model="fraud"}"#) == "100")
        #expect(models.samples("ml_requests_total").isEmpty)
        #expect(models.list.map(\.version) == [""])
        #expect(models.retire(model: "fraud"))
        #expect(models.budget.count == 0 && !models.retire(model: "fraud"))
    }

    @Test func `facts outlive the time to live of versions and expire after theirs`() {
        var settings = ModelSettings()
        settings.timeToLive = .seconds(2)
        let models = Models(SeriesLimits(), settings: settings)
        var push = Push()
        push.add(metric: "saved", kind: .counter, value: 100, model: "fraud")
        push.add { _ in }
        _ = push.send(to: models)
        #expect(models.samples("ml_business_value_total", later: .seconds(4)).count == 1)
        #expect(models.samples("ml_requests_total").isEmpty)
        #expect(models.samples("ml_business_value_total", later: .seconds(101 * 86_400)).isEmpty)
        #expect(models.budget.count == 0)
    }

    @Test func `versions that come and go over the Unix socket give everything back`() {
        let models = Models()
        let sender = Sender(Sender.Process(pid: 1, startTicks: 0))
        var counts: [Int] = []
        for version in 0..<6 {
            var push = Push()
            push.add { $0.version = "\(version)" }
            var outcome = BatchOutcome()
            models.apply(push.batch, from: sender, outcome: &outcome)
            #expect(models.retire(model: "fraud", version: "\(version)"))
            counts.append(models.budget.count)
        }
        #expect(Set(counts).count == 1, "\(counts)")
    }

    @Test func `facts do not revive an unloaded version, not even after a restart`() throws {
        let models = Models()
        var push = Push()
        push.add(lifecycle: "fraud", kind: .loaded, framework: "x")
        push.add(lifecycle: "fraud", kind: .unloaded)
        push.add(lifecycle: "fraud", kind: .facts, gitSHA: "abc")
        _ = push.send(to: models)
        #expect(models.samples("ml_model_info").isEmpty)
        push.add(lifecycle: "fraud", kind: .loaded)
        _ = push.send(to: models)
        #expect(
            models.samples("ml_model_info") == [
                #"ml_model_info{framework="x",git_sha="abc",model="fraud",version="3"} 1"#
            ])
    }
}
