import Exposition
import Kernel
import Observation
import Series
import Testing

@testable import Model

struct LifeTests {
    @Test func `a retired version starts at 0`() {
        let models = Models()
        for _ in 0..<3 { models.take { _ in } }
        #expect(models.retire(model: "fraud", version: "3"))
        #expect(models.samples("ml_requests_total").isEmpty)
        models.take { _ in }
        #expect(models.samples("ml_requests_total")[0].hasSuffix(" 1"))
    }

    @Test func `a version without pushes expires after its time to live`() {
        let models = Models()
        models.take { _ in }
        #expect(!models.samples("ml_requests_total", later: .seconds(86_000)).isEmpty)
        #expect(models.samples("ml_requests_total", later: .seconds(86_500)).isEmpty)
        #expect(models.list.isEmpty)
        #expect(models.budget.count == 0)
    }

    @Test func `with a time to live of 0 nothing goes`() {
        var settings = ModelSettings()
        settings.timeToLive = .zero
        let models = Models(SeriesLimits(), settings: settings)
        models.take { _ in }
        #expect(!models.samples("ml_requests_total", later: .seconds(10_000_000)).isEmpty)
    }

    @Test func `with expiresItself false only the caller removes expired versions`() {
        let models = Models(expiresItself: false)
        models.take { _ in }
        models.take { $0.version = "4" }
        var push = Push()
        push.add(state: "fraud", version: "4", inFlight: 1)
        _ = push.send(to: models, from: 7)
        #expect(models.samples("ml_requests_total", later: .seconds(90_000)).count > 2)
        let now = Clock.monotonicNanoseconds
        let (early, next) = models.expired(now: now)
        #expect(early == Models.ExpiredItems())
        #expect(next > now && next <= now + Duration.seconds(300).nanoseconds)
        let (late, _) = models.expired(now: now + Duration.seconds(90_000).nanoseconds)
        #expect(late.versions.map(\.version) == ["3", "4"])
        #expect(late.models == ["fraud"] && late.producers == [7])
        models.forget(late)
        #expect(models.list.isEmpty && models.budget.count == 0)
        #expect(models.expired(now: now + Duration.seconds(90_000).nanoseconds).0 == .init())
    }

    @Test func `a model stays with the versions that do`() {
        let models = Models(expiresItself: false)
        models.take { _ in }
        models.take { $0.version = "4" }
        var expired = Models.ExpiredItems()
        expired.versions = [.init(model: "fraud", version: "3")]
        models.forget(expired)
        #expect(models.list.map(\.version) == ["4"])
        models.take { _ in }
        #expect(models.list.map(\.rows) == [1, 1])
    }

    @Test func `a model without a version is listed, and goes with retire`() {
        let models = Models()
        var push = Push()
        push.add(metric: "profit", kind: .gauge, value: 5, model: "fraud")
        _ = push.send(to: models)
        #expect(models.list.map(\.version) == [""])
        #expect(models.retire(model: "fraud", version: ""))
        #expect(models.list.isEmpty && models.samples("ml_business_value").isEmpty)
    }

    @Test func `gauges are summed over producers until their leases end`() {
        let models = Models()
        var push = Push()
        for producer in 1...3 as ClosedRange<UInt64> {
            push.add(state: "fraud", version: "3", inFlight: Double(producer), queue: 1)
            _ = push.send(to: models, from: producer)
        }
        let series = #"ml_requests_in_flight{model="fraud",version="3"}"#
        #expect(models.value(series) == "6")
        push.add(state: "fraud", version: "3", inFlight: 10)
        _ = push.send(to: models, from: 1)
        #expect(models.value(series) == "15")
        #expect(models.value(#"ml_requests_queued{model="fraud",version="3"}"#) == "3")
        models.forget(producer: 3)
        #expect(models.value(series) == "12")
        #expect(models.value(series, later: .seconds(290)) == "12")
        #expect(models.value(series, later: .seconds(310)) == nil)
    }

    @Test func `what a producer said before its lease ended does not come back`() {
        let models = Models()
        var push = Push()
        push.add(state: "fraud", version: "3", inFlight: 7, queue: 2)
        _ = push.send(to: models, from: 1)
        models.forget(producer: 1)
        push.add(state: "fraud", version: "3", inFlight: 1)
        _ = push.send(to: models, from: 1)
        #expect(models.value(#"ml_requests_in_flight{model="fraud",version="3"}"#) == "1")
        #expect(models.value(#"ml_requests_queued{model="fraud",version="3"}"#) == nil)
    }

    @Test func `a snapshot holds nothing that a producer said under a lease that has ended`() {
        let models = Models()
        var push = Push()
        push.add { _ in }
        push.add(state: "fraud", version: "3", inFlight: 7)
        _ = push.send(to: models, from: 1)
        models.forget(producer: 1)
        let other = Models()
        #expect(ModelSections(models).restore(into: other))
        #expect(other.value(#"ml_requests_in_flight{model="fraud",version="3"}"#) == nil)
        #expect(other.samples("ml_requests_total")[0].hasSuffix(" 1"))
    }

    @Test func `counters stay when their producer is gone`() {
        let models = Models()
        var push = Push()
        push.add { $0.seconds = [(0.5, 1)] }
        push.add(state: "fraud", version: "3", inFlight: 1)
        _ = push.send(to: models, from: 9)
        models.forget(producer: 9)
        #expect(models.samples("ml_requests_total")[0].hasSuffix(" 1"))
        #expect(
            models.value(#"ml_request_duration_seconds_count{model="fraud",version="3"}"#) == "1")
    }

    @Test func `other bounds start the histogram at 0 with the next push, and nothing else`() {
        let models = Models()
        models.take { $0.seconds = [(0.5, 1)] }
        var settings = ModelSettings()
        var rules = ModelSettings.Rules()
        rules.buckets[.duration] = BucketBounds(ascending: [0.1, 1])
        settings.models["fraud"] = rules
        let before = models.samples("ml_request_duration_seconds_bucket")
        models.change(settings)
        #expect(models.samples("ml_request_duration_seconds_bucket") == before)
        let used = models.budget.count
        #expect(
            resets(models) == [Models.Reset(model: "fraud", version: "3", family: .duration)])
        // 18 buckets become 3.
        #expect(models.budget.count == used - 15)
        let buckets = models.samples("ml_request_duration_seconds_bucket")
        #expect(buckets.count == 3 && buckets[1].hasSuffix(#"le="1.0"} 1"#))
        #expect(models.samples("ml_requests_total")[0].hasSuffix(" 2"))
        #expect(resets(models).isEmpty)
        models.change(ModelSettings())
        #expect(resets(models).count == 1)
        #expect(models.budget.count == used)
    }

    /// The histograms that start at 0 with another push.
    private func resets(_ models: Models) -> [Models.Reset] {
        var push = Push()
        push.add { $0.seconds = [(0.5, 1)] }
        var outcome = BatchOutcome()
        let decision = models.reserve(push.batch, from: .anonymous, outcome: &outcome)
        return models.apply(push.batch, as: decision)
    }
}
