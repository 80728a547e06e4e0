import Exposition
import Observation
import Series
import Testing

@testable import Model

struct AnnouncementTests {
    @Test func `a model that is loaded is described, loaded again it has been reloaded`() {
        let models = Models()
        var push = Push()
        push.add(lifecycle: "fraud", kind: .loaded, framework: "lightgbm", trainedAt: 1_795_000_000)
        _ = push.send(to: models)
        #expect(
            models.samples("ml_model_info") == [
                #"ml_model_info{framework="lightgbm",model="fraud",version="3"} 1"#
            ])
        #expect(
            models.value(#"ml_model_trained_timestamp_seconds{model="fraud",version="3"}"#)
                == "1.795e+09")
        #expect(models.value(#"ml_model_reloads_total{model="fraud",version="3"}"#) == "0")
        push.add(lifecycle: "fraud", kind: .loaded, gitSHA: "abc")
        _ = push.send(to: models)
        #expect(models.value(#"ml_model_reloads_total{model="fraud",version="3"}"#) == "1")
        #expect(
            models.samples("ml_model_info") == [
                #"ml_model_info{framework="lightgbm",git_sha="abc",model="fraud",version="3"} 1"#
            ])
        push.add(lifecycle: "fraud", kind: .unloaded)
        _ = push.send(to: models)
        #expect(models.samples("ml_model_info").isEmpty)
        #expect(models.samples("ml_model_loaded_timestamp_seconds").isEmpty)
        #expect(models.value(#"ml_model_reloads_total{model="fraud",version="3"}"#) == "1")
    }

    @Test func `gains and losses of the business are two counters`() {
        let models = Models()
        var push = Push()
        push.add(metric: "profit", kind: .counter, value: 12.5, model: "fraud")
        push.add(metric: "profit", kind: .counter, value: -2, model: "fraud")
        push.add(metric: "profit", kind: .counter, value: 1.5, model: "fraud")
        push.add(metric: "weekly", kind: .gauge, value: 900_000, target: 1_000_000)
        #expect(push.send(to: models).rejected == 0)
        #expect(models.value(#"ml_business_value_total{kpi="profit",model="fraud"}"#) == "14")
        #expect(models.value(#"ml_business_loss_total{kpi="profit",model="fraud"}"#) == "2")
        #expect(models.value(#"ml_business_value{kpi="weekly"}"#) == "900000")
        #expect(models.value(#"ml_business_target{kpi="weekly"}"#) == "1e+06")
        // The gauge has the name that OpenMetrics would give the counter's family.
        let types = models.text(.openMetrics).split(separator: "\n").filter {
            $0.hasPrefix("# TYPE ml_business_value")
        }
        #expect(
            types == [
                "# TYPE ml_business_value_total unknown", "# TYPE ml_business_value gauge",
            ])
    }

    @Test(arguments: ["region", "job", "model", "le"])
    func `a label that the configuration does not allow costs its item`(name: String) {
        var settings = ModelSettings()
        settings.rules.businessLabels = ["city", "job", "le"]
        let models = Models(SeriesLimits(), settings: settings)
        var push = Push()
        push.add(metric: "profit", kind: .gauge, value: 1, labels: [("city", "Bonn")])
        push.add(metric: "profit", kind: .gauge, value: 1, labels: [(name, "x")])
        let outcome = push.send(to: models)
        #expect(outcome.rejections.map(\.index) == [1])
        #expect(outcome.rejections.map(\.code) == [.labelNotAllowed])
        #expect(models.value(#"ml_business_value{city="Bonn",kpi="profit"}"#) == "1")
    }

    @Test func `trainings are exposed by model, and the last reported values stay`() {
        let models = Models()
        var push = Push()
        func training(_ status: TrainingEvent.Status, epoch: Double, f1: Double) -> BatchOutcome {
            var training = TrainingEvent()
            training.item = push.item()
            training.scope = push.scope("fraud", version: "")
            training.run = push.name("run \(Int(epoch))")
            training.split = push.name("validation")
            training.epoch = epoch
            training.status = status
            let (metric, feature) = (push.name("f1"), push.name("amount"))
            push.batch.append(trainingNumber: f1, of: metric)
            push.batch.append(trainingNumber: 0.4, of: feature)
            training.metrics = 0..<1
            training.importance = 1..<2
            var statistics = TrainingStatistics(feature: feature)
            statistics.mean = 88.1
            push.batch.append(statistics)
            training.statistics = 0..<1
            push.batch.append(training)
            return push.send(to: models)
        }
        models.take { $0.size = 7 }
        #expect(models.value(#"ml_observations_since_training{model="fraud"}"#) == "7")
        #expect(training(.running, epoch: 1, f1: 0.5).rejected == 0)
        #expect(training(.failed, epoch: 2, f1: 0.6).rejected == 0)
        #expect(models.value(#"ml_training_epoch{model="fraud"}"#) == "2")
        #expect(
            models.value(#"ml_training_metric{metric="f1",model="fraud",split="validation"}"#)
                == "0.6")
        #expect(
            models.value(#"ml_training_feature_importance{feature="amount",model="fraud"}"#)
                == "0.4")
        #expect(
            models.value(#"ml_training_feature_mean{feature="amount",model="fraud"}"#) == "88.1")
        #expect(models.samples("ml_training_feature_median").isEmpty)
        #expect(models.value(#"ml_training_failures_total{model="fraud"}"#) == "1")
        #expect(models.value(#"ml_training_info{model="fraud",run_id="run 2"}"#) == "1")
        #expect(models.samples("ml_training_info").count == 1)
        #expect(models.samples("ml_training_last_success_timestamp_seconds").isEmpty)
        #expect(models.value(#"ml_observations_since_training{model="fraud"}"#) == "7")
        #expect(training(.succeeded, epoch: 3, f1: 0.7).rejected == 0)
        #expect(models.samples("ml_training_last_success_timestamp_seconds").count == 1)
        #expect(models.value(#"ml_observations_since_training{model="fraud"}"#) == "0")
    }

    @Test func `labels are counted, with their version where they name one`() {
        let models = Models()
        var push = Push()
        for version in ["3", "", "3"] {
            var label = LabelEvent()
            label.item = push.item()
            label.scope = push.scope("fraud", version: version)
            push.batch.append(label)
        }
        #expect(push.send(to: models).rejected == 0)
        #expect(models.value(#"ml_labels_received_total{model="fraud",version="3"}"#) == "2")
        #expect(models.value(#"ml_labels_received_total{model="fraud"}"#) == "1")
        #expect(models.samples("ml_label_last_received_timestamp_seconds").count == 2)
    }
}
