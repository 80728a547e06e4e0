import Scratch
import Testing

@testable import Settings

struct FileSettingsTests {
    private let vocabulary = FileSettings.AllowedNames(
        histograms: ["ml_request_duration_seconds", "ml_request_batch_size"], boundLimit: 3)

    private func settings(_ text: String) -> (FileSettings?, [String]) {
        var errors = ValidationErrors()
        let settings = FileSettings.parse(
            text.utf8Span.span, name: "f.yml", vocabulary: vocabulary, errors: &errors)
        return (settings, errors.sentences)
    }

    @Test func `every section is read`() throws {
        let (settings, errors) = settings(
            """
            push:
              group_ttl: 10m
              model_ttl: 24h
              producer_rate: 5
              producer_burst: 20
            limits: {groups: 7, series_per_group: 8, series_of_groups: 9, series: 1000}
            defaults:
              buckets:
                ml_request_duration_seconds: [0.01, 0.1, 1e0]
              labels: [region]
            models:
              fraud:
                buckets: {ml_request_batch_size: [1, 2]}
                labels: [region, "shop"]
                retrain_after_rows: 1000000
              "a/b c":
            """)
        #expect(errors.isEmpty)
        let read = try #require(settings)
        #expect(read.push.groupTTL == .seconds(600))
        #expect(read.push.modelTTL == .seconds(86_400))
        #expect(read.push.producerRate == 5)
        #expect(read.push.producerBurst == 20)
        #expect(read.limits.groups == 7)
        #expect(read.limits.groupSeries == 8)
        #expect(read.limits.allGroupSeries == 9)
        #expect(read.limits.series == 1000)
        #expect(read.limits.models == nil)
        #expect(read.defaults.buckets == ["ml_request_duration_seconds": [0.01, 0.1, 1]])
        #expect(read.defaults.labels == ["region"])
        #expect(read.models["fraud"]?.buckets == ["ml_request_batch_size": [1, 2]])
        #expect(read.models["fraud"]?.labels == ["region", "shop"])
        #expect(read.models["fraud"]?.retrainAfterRows == 1_000_000)
        #expect(read.models["a/b c"] == FileSettings.Rules())
    }

    @Test(arguments: ["", "# nothing\n", "push:\nlimits: ~\n"])
    func `an empty file says nothing`(text: String) {
        #expect(settings(text).0 == FileSettings())
    }

    @Test func `every error is reported with its line and column, and no setting is applied`() {
        let (settings, errors) = settings(
            """
            push: {group_ttl: soon, producer_burst: 0, speed: 1}
            limits:
              models: 1.5
            defaults:
              labels: [job, 9a, ok]
              buckets:
                ml_request_duration_seconds: [1, 1, x]
                ml_request_batch_size: [1, 2, 3, 4]
                other: [1]
            models: [fraud]
            more: 1
            """)
        #expect(settings == nil)
        let label =
            "a label name must consist of letters, digits and _, must not begin with a digit or __, and must not be one of instance, job, kpi, le, model, quantile, variant, version"
        let bounds =
            "bounds of defaults.buckets.ml_request_duration_seconds must be numbers in ascending order"
        #expect(
            errors == [
                "f.yml:1:19: push.group_ttl must be a duration such as 90s, 5m or 24h",
                "f.yml:1:41: push.producer_burst must be a whole number from 1 to 10000000",
                "f.yml:1:44: unknown key push.speed; known keys: group_ttl, model_ttl, producer_rate, producer_burst",
                "f.yml:3:11: limits.models must be a whole number from 0 to 100000",
                "f.yml:5:12: \(label)", "f.yml:5:17: \(label)",
                "f.yml:7:38: \(bounds)", "f.yml:7:41: \(bounds)",
                "f.yml:8:38: defaults.buckets.ml_request_batch_size has more than 3 bounds",
                "f.yml:9:5: unknown key defaults.buckets.other; known keys: ml_request_batch_size, ml_request_duration_seconds",
                "f.yml:10:9: models must be a mapping (key: value)",
                "f.yml:11:1: unknown key more; known keys: profiles, push, limits, defaults, models",
            ])
    }

    @Test func `how models are watched is read for all and for one`() throws {
        let (settings, errors) = settings(
            """
            profiles: [/etc/profiles/one.json]
            limits: {profiles: 3, watch_bytes: 1000000}
            defaults:
              watch:
                window: 30m
                window_max: 12h
                min_rows: 100
                threshold: 0.2
                fdr: 0.05
                design_effect: 3
                methods: [psi]
                features: [amount]
                unseen_names: false
            models:
              fraud:
                watch: {window: 1h}
            """)
        #expect(errors == [])
        let found = try #require(settings)
        #expect(found.profiles.map(\.path) == ["/etc/profiles/one.json"])
        #expect(found.profiles.map(\.place) == ["f.yml:1:12"])
        #expect(found.limits.profiles == 3 && found.limits.watchBytes == 1_000_000)
        let watch = found.defaults.watch
        #expect(watch.window == .seconds(1800) && watch.windowLimit == .seconds(43_200))
        #expect(watch.minimumRows == 100 && watch.threshold == 0.2)
        #expect(watch.falseDiscoveryRate == 0.05 && watch.designEffect == 3)
        #expect(watch.methods == ["psi"] && watch.features == ["amount"])
        #expect(watch.keepsUnseenNames == false)
        #expect(found.models["fraud"]?.watch.window == .seconds(3600))
    }

    @Test func `errors of the watch name the key and what would be right`() {
        let (settings, errors) = settings(
            """
            profiles: [one.json]
            defaults:
              watch:
                window: 2h
                window_max: 1h
                min_rows: 0
                fdr: 2
                methods: [chi]
                unseen_names: maybe
                more: 1
            models: {fraud: {watch: {window: 25h}}}
            """)
        #expect(settings == nil)
        #expect(
            errors == [
                "f.yml:1:12: profiles must be absolute paths of files",
                "f.yml:4:5: defaults.watch.window must not be longer than window_max",
                "f.yml:6:15: defaults.watch.min_rows must be a whole number from 1 to 1000000000",
                "f.yml:7:10: defaults.watch.fdr must be a number from 1e-09 to 1",
                "f.yml:8:15: defaults.watch.methods must be of ks, psi",
                "f.yml:9:19: defaults.watch.unseen_names must be true or false",
                "f.yml:10:5: unknown key defaults.watch.more; known keys: window, window_max, min_rows, threshold, fdr, design_effect, methods, features, unseen_names",
                "f.yml:11:34: models.fraud.watch.window must be a duration from 300s to 86400s",
            ])
    }

    @Test func `a YAML syntax error is reported with its line and column`() {
        #expect(
            settings("a: b: c\n").1 == [
                "f.yml:1:5: mapping values are not allowed in this context"
            ])
    }

    @Test func `a missing file is reported`() {
        var errors = ValidationErrors()
        #expect(FileSettings.load("/no/such/file", vocabulary: vocabulary, errors: &errors) == nil)
        #expect(
            errors.sentences == ["--config.file: /no/such/file: No such file or directory."])
    }

    @Test func `a file beyond the limit is an error and not cut off`() throws {
        let folder = try Folder()
        let remarks = String(repeating: "# remark\n", count: 1 << 17)
        try folder.write("push: {group_ttl: 1h}\n" + remarks + "wrong: 1\n", to: "s.yml")
        let path = "\(folder.path)/s.yml"
        var errors = ValidationErrors()
        #expect(FileSettings.load(path, vocabulary: vocabulary, errors: &errors) == nil)
        #expect(errors.sentences == ["--config.file: \(path) is larger than 1048576 bytes."])
    }
}
