import Observation
import Series
import Testing

@testable import Model

struct InputsTests {
    private let models = Models()

    private func value(_ name: String, feature: String) -> String? {
        models.value(#"\#(name){feature="\#(feature)",model="fraud",version="3"}"#)
    }

    private func errors(_ feature: String, reason: String) -> String? {
        models.value(
            "ml_input_validation_errors_total{feature=\"\(feature)\",model=\"fraud\","
                + "reason=\"\(reason)\",version=\"3\"}")
    }

    private var invalid: String? {
        models.value(#"ml_input_rows_invalid_total{model="fraud",version="3"}"#)
    }

    @Test func `rows, usable values, nulls and what is not finite are counted per feature`() {
        let given: [Push.Given] = [
            .number(1), .missing, .word("NaN"), .notFinite, .number(2), .missing,
        ]
        for value in given { models.take { $0.features = [("amount", value)] } }
        #expect(value("ml_feature_rows_total", feature: "amount") == "6")
        #expect(value("ml_feature_values_total", feature: "amount") == "2")
        #expect(value("ml_feature_missing_total", feature: "amount") == "2")
        #expect(value("ml_feature_not_finite_total", feature: "amount") == "2")
        #expect(invalid == "0")
    }

    @Test func `a value of another kind than the first is an input error`() {
        models.take { $0.features = [("amount", .number(1)), ("country", .text("DE"))] }
        models.take {
            $0.features = [("amount", .text("much")), ("country", .number(49))]
            $0.weight = 3
        }
        #expect(errors("amount", reason: "type") == "3")
        #expect(errors("country", reason: "type") == "3")
        #expect(value("ml_feature_values_total", feature: "amount") == "1")
        #expect(invalid == "3")
    }

    @Test func `the words of JSON's missing numbers are a category's texts`() {
        models.take { $0.features = [("name", .text("Smith"))] }
        models.take { $0.features = [("name", .word("NaN"))] }
        #expect(value("ml_feature_values_total", feature: "name") == "2")
        #expect(value("ml_feature_not_finite_total", feature: "name") == "0")
    }

    @Test func `an error that the producer tells is not counted by us as well`() {
        models.take { $0.features = [("amount", .number(1))] }
        models.take {
            $0.features = [("amount", .text("much"))]
            $0.errors = [("amount", .type), ("amount", .outOfRange), ("amount", .type)]
        }
        #expect(errors("amount", reason: "type") == "1")
        #expect(errors("amount", reason: "out_of_range") == "1")
        #expect(invalid == "1")
    }

    @Test func `features beyond the limit are dropped, the event stays`() {
        var limits = SeriesLimits()
        limits.features = 2
        let models = Models(limits)
        let outcome = models.take {
            $0.features = [("a", .number(1)), ("b", .number(1)), ("c", .number(1))]
        }
        #expect(outcome.rejected == 0)
        #expect(models.samples("ml_feature_rows_total").count == 2)
        #expect(models.value(#"ml_series_dropped_total{reason="feature_limit"}"#) == "1")
    }

    @Test func `a column of features counts as its rows do`() {
        var push = Push()
        let scope = push.scope("fraud", version: "3")
        let mark = push.batch.mark
        push.batch.openRun(scope, at: mark)
        let (amount, age) = (push.name("amount"), push.name("age"))
        for row in 0..<5 { push.batch.append(feature: amount, row: row, value: Value(Double(row))) }
        for row in 0..<5 { push.batch.append(feature: age, row: row, value: .missing) }
        for row in 0..<5 {
            push.batch.appendRow(item: row, outcome: .ok, reason: .none, weight: 1, size: 1)
        }
        _ = push.send(to: models)
        #expect(value("ml_feature_values_total", feature: "amount") == "5")
        #expect(value("ml_feature_missing_total", feature: "age") == "5")
    }
}
