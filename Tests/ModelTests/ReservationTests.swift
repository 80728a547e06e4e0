import Observation
import Series
import Testing

@testable import Model

struct DecisionTests {
    private let models = Models()

    @Test func `what is decided shows when it is applied, not before`() {
        var push = Push()
        push.add {
            $0.seconds = [(0.5, 1)]
            $0.features = [("amount", .number(1))]
            $0.errors = [("age", .type)]
        }
        push.add(state: "fraud", version: "3", inFlight: 2)
        push.add(lifecycle: "fraud", kind: .loaded)
        push.add(metric: "profit", kind: .counter, value: 3, model: "churn")
        var outcome = BatchOutcome()
        let decision = models.reserve(push.batch, from: .anonymous, outcome: &outcome)
        #expect(outcome.rejected == 0)
        let before = models.text().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(before.allSatisfy { $0.hasPrefix("ml_series") })
        #expect(models.list.isEmpty)
        #expect(models.budget.count > 30)
        models.apply(push.batch, as: decision)
        #expect(models.samples("ml_requests_total")[0].hasSuffix(" 1"))
        #expect(models.samples("ml_feature_values_total")[0].hasSuffix(" 1"))
        #expect(models.samples("ml_input_validation_errors_total")[0].hasSuffix(" 1"))
        #expect(models.value(#"ml_requests_in_flight{model="fraud",version="3"}"#) == "2")
        #expect(models.samples("ml_model_info").count == 1)
        #expect(models.value(#"ml_business_value_total{kpi="profit",model="churn"}"#) == "3")
        #expect(models.list.map(\.model) == ["fraud", "churn"])
    }

    @Test func `decisions that wait see each other's reservations`() {
        var limits = SeriesLimits()
        limits.models = 1
        let models = Models(limits)
        var first = Push()
        var second = Push()
        first.add { $0.model = "a" }
        second.add { $0.model = "b" }
        second.add { $0.model = "a" }
        var outcome = BatchOutcome()
        let one = models.reserve(first.batch, from: .anonymous, outcome: &outcome)
        #expect(outcome.rejected == 0)
        let other = models.reserve(second.batch, from: .anonymous, outcome: &outcome)
        #expect(outcome.rejections.map(\.code) == [.modelLimit])
        models.apply(first.batch, as: one)
        models.apply(second.batch, as: other)
        #expect(models.value(#"ml_predictions_total{model="a",version="3"}"#) == "2")
        #expect(models.samples("ml_predictions_total").count == 1)
    }

    @Test func `a decision that is lost leaves nothing on the page`() {
        var push = Push()
        push.add { _ in }
        var outcome = BatchOutcome()
        _ = models.reserve(push.batch, from: .anonymous, outcome: &outcome)
        #expect(models.samples("ml_requests_total").isEmpty)
        models.take { _ in }
        #expect(models.samples("ml_requests_total")[0].hasSuffix(" 1"))
    }

    @Test func `a run whose rows are all refused shows nothing`() {
        var limits = SeriesLimits()
        limits.seriesPerVersion = 40
        let models = Models(limits)
        let outcome = models.take {
            $0.features = (0..<20).map { ("f\($0)", .number(1)) }
        }
        #expect(outcome.rejected == 1)
        #expect(models.samples("ml_requests_total").isEmpty)
    }
}
