import Observation
import Series
import Testing

@testable import Model

struct LimitTests {
    @Test func `a model beyond the limit is refused, the others go on`() {
        var limits = SeriesLimits()
        limits.models = 2
        let models = Models(limits)
        for name in ["a", "b", "c", "a"] {
            let outcome = models.take { $0.model = name }
            #expect(outcome.rejections.map(\.code) == (name == "c" ? [.modelLimit] : []))
        }
        #expect(models.list.map(\.model) == ["a", "b"])
        #expect(models.value(#"ml_series_dropped_total{reason="model_limit"}"#) == "1")
    }

    @Test func `versions and variants have limits of their own`() {
        var limits = SeriesLimits()
        limits.versionsPerModel = 2
        limits.variantsPerVersion = 2
        let models = Models(limits)
        for version in ["1", "2"] {
            for variant in ["", "a"] {
                #expect(
                    models.take {
                        $0.version = version
                        $0.variant = variant
                    }.rejected == 0)
            }
        }
        #expect(models.take { $0.version = "3" }.rejections[0].code == .versionLimit)
        #expect(
            models.take {
                $0.version = "1"
                $0.variant = "b"
            }.rejections[0].code == .versionLimit)
        #expect(models.take { $0.model = "other" }.rejected == 0)
    }

    @Test func `over the limit of series a new item is dropped, known series go on`() {
        var limits = SeriesLimits()
        limits.series = 60
        let models = Models(limits)
        #expect(models.take { _ in }.rejected == 0)
        var push = Push()
        push.add { _ in }
        push.add { $0.features = (0..<20).map { ("f\($0)", .number(1)) } }
        push.add { _ in }
        let outcome = push.send(to: models)
        #expect(outcome.rejections.map(\.index) == [1])
        #expect(outcome.rejections.map(\.code) == [.seriesLimit])
        #expect(models.samples("ml_requests_total")[0].hasSuffix(" 3"))
        // Series of features were reserved before the limit was reached, and the page has none of them.
        #expect(models.samples("ml_feature_rows_total").isEmpty)
        #expect(models.budget.count <= 60)
    }

    @Test func `a version may not take all series`() {
        var limits = SeriesLimits()
        limits.seriesPerVersion = 100
        let models = Models(limits)
        let outcome = models.take {
            $0.features = (0..<100).map { ("f\($0)", .number(1)) }
        }
        #expect(outcome.rejections.map(\.code) == [.seriesLimit])
        #expect(models.value(#"ml_series_dropped_total{reason="version_series_limit"}"#) == "1")
        #expect(models.take { $0.version = "4" }.rejected == 0)
    }

    @Test func `long names are bounded by the bytes that they put on a page`() {
        var limits = SeriesLimits()
        limits.pageBytes = 100_000
        let models = Models(limits)
        var refused = 0
        for index in 0..<50 {
            refused +=
                models.take {
                    $0.model = String(repeating: "m", count: 250) + "\(index)"
                }.rejected
        }
        #expect(refused > 0)
        #expect(models.text().utf8.count < 200_000)
        #expect(models.value(#"ml_series_dropped_total{reason="page_limit"}"#) == "\(refused)")
    }

    @Test func `retiring a version releases its series`() {
        let models = Models()
        for version in 0..<5 {
            models.take {
                $0.version = "\(version)"
                $0.features = [("a", .number(1))]
                $0.outcome = .timeout
                $0.reason = "slow"
            }
        }
        #expect(models.budget.count > 150)
        for version in 0..<5 {
            #expect(models.retire(model: "fraud", version: "\(version)"))
        }
        #expect(models.budget.count == 0)
        #expect(!models.retire(model: "fraud", version: "0"))
    }
}
