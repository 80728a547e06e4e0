internal import Kernel
internal import Wire

/// The contents of `--config.file`; nil for keys that are not given.
package struct FileSettings: Sendable, Equatable {
    /// Settings of models: the defaults, or those of one model.
    package struct Rules: Sendable, Equatable {
        /// Upper bounds of histograms, by the histogram's name.
        package var buckets: [String: [Double]] = [:]
        /// Labels that business metrics may carry.
        package var labels: Set<String>?
        /// Rows after which a model should be retrained (`ml_retrain_observation_threshold`).
        package var retrainAfterRows: Double?

        package init() {}
    }

    package struct Push: Sendable, Equatable {
        /// Lifetime of a group that does not set its own; zero is unlimited.
        package var groupTTL: Duration?
        /// Lifetime of a model version without pushes; zero is unlimited.
        package var modelTTL: Duration?
        /// Requests per second of one producer, 0 for no limit, and the largest burst.
        package var producerRate: Int?
        package var producerBurst: Int?
    }

    /// Limits of pushed state.
    package struct Limits: Sendable, Equatable {
        package var groups: Int?
        package var groupSeries: Int?
        package var allGroupSeries: Int?
        package var groupBytes: Int?
        package var series: Int?
        package var seriesPerVersion: Int?
        package var models: Int?
        package var versionsPerModel: Int?
        package var variantsPerVersion: Int?
        package var reasons: Int?
        package var features: Int?
    }

    /// Names and sizes that the file is checked against.
    package struct AllowedNames: Sendable {
        /// Histograms whose bounds can be set.
        package let histograms: Set<String>
        /// Largest number of bounds of one histogram.
        package let boundLimit: Int

        package init(histograms: Set<String>, boundLimit: Int) {
            self.histograms = histograms
            self.boundLimit = boundLimit
        }
    }

    package var push = Push()
    package var limits = Limits()
    package var defaults = Rules()
    package var models: [String: Rules] = [:]

    package init() {}

    /// Reads the file. Adds every error with its line and column, and returns nil if there is one.
    package static func load(
        _ path: String, vocabulary: AllowedNames, errors: inout ValidationErrors
    ) -> FileSettings? {
        var file = KernelFile(path: path)
        var text = Buffer(capacity: 4096)
        do throws(KernelError) {
            // A part of the file would be valid YAML with settings missing.
            if try file.read(into: &text) {
                errors.add("--config.file: \(path) is larger than \(file.limit) bytes.")
                return nil
            }
        } catch {
            errors.add("--config.file: \(error).")
            return nil
        }
        return parse(text.bytes, name: path, vocabulary: vocabulary, errors: &errors)
    }

    /// `name` is the file's name in errors.
    package static func parse(
        _ text: Span<UInt8>, name: String, vocabulary: AllowedNames,
        errors: inout ValidationErrors
    ) -> FileSettings? {
        var reader = FileMapping.Reader(file: name)
        var settings = FileSettings()
        do throws(YAMLError) {
            if let root = try YAMLReader.read(text) {
                settings.read(root, vocabulary: vocabulary, reader: &reader)
            }
        } catch {
            reader.add(error.place, sentence: error.message)
        }
        for sentence in reader.sentences { errors.add(sentence) }
        return reader.sentences.isEmpty ? settings : nil
    }

    // MARK: Sections

    private mutating func read(
        _ root: YAMLNode, vocabulary: AllowedNames, reader: inout FileMapping.Reader
    ) {
        var file = FileMapping(root, path: "", reader: &reader)
        if let node = file.take("push") { push = Push(node, reader: &reader) }
        if let node = file.take("limits") { limits = Limits(node, reader: &reader) }
        if let node = file.take("defaults") {
            defaults = Rules(node, path: "defaults.", vocabulary: vocabulary, reader: &reader)
        }
        if let node = file.take("models") {
            var models = FileMapping(node, path: "models.", reader: &reader)
            for pair in models.takeAll() {
                if pair.key.isEmpty || pair.key.utf8.count > FileSettings.nameBytes {
                    reader.add(
                        pair.place,
                        sentence:
                            "the name of a model must have 1 to \(FileSettings.nameBytes) bytes")
                }
                self.models[pair.key] = Rules(
                    pair.value, path: "models.\(pair.key).", vocabulary: vocabulary, reader: &reader
                )
            }
        }
        file.finish(&reader)
    }

    /// Longest name of a model or a label in bytes.
    static let nameBytes = 255
}

extension FileSettings.Push {
    fileprivate init(_ node: YAMLNode, reader: inout FileMapping.Reader) {
        var push = FileMapping(node, path: "push.", reader: &reader)
        groupTTL = push.duration("group_ttl", reader: &reader)
        modelTTL = push.duration("model_ttl", reader: &reader)
        producerRate = push.count("producer_rate", range: 0...10_000_000, reader: &reader)
        producerBurst = push.count("producer_burst", range: 1...10_000_000, reader: &reader)
        push.finish(&reader)
    }
}

extension FileSettings.Limits {
    fileprivate init(_ node: YAMLNode, reader: inout FileMapping.Reader) {
        var limits = FileMapping(node, path: "limits.", reader: &reader)
        groups = limits.count("groups", range: 0...1_000_000, reader: &reader)
        groupSeries = limits.count("series_per_group", range: 0...10_000_000, reader: &reader)
        allGroupSeries = limits.count("series_of_groups", range: 0...10_000_000, reader: &reader)
        groupBytes = limits.count("bytes_of_groups", range: 0...4_000_000_000, reader: &reader)
        series = limits.count("series", range: 0...10_000_000, reader: &reader)
        seriesPerVersion = limits.count(
            "series_per_version", range: 0...10_000_000, reader: &reader)
        models = limits.count("models", range: 0...100_000, reader: &reader)
        versionsPerModel = limits.count("versions_per_model", range: 0...100_000, reader: &reader)
        variantsPerVersion = limits.count(
            "variants_per_version", range: 0...100_000, reader: &reader)
        reasons = limits.count("reasons", range: 0...10_000, reader: &reader)
        features = limits.count("features", range: 0...10_000, reader: &reader)
        limits.finish(&reader)
    }
}

extension FileSettings.Rules {
    fileprivate init(
        _ node: YAMLNode, path: String, vocabulary: FileSettings.AllowedNames,
        reader: inout FileMapping.Reader
    ) {
        var rules = FileMapping(node, path: path, reader: &reader)
        if let node = rules.take("buckets") {
            var histograms = FileMapping(node, path: path + "buckets.", reader: &reader)
            for name in vocabulary.histograms.sorted() {
                if let bounds = FileSettings.Rules.bounds(
                    name, histograms: &histograms, limit: vocabulary.boundLimit, reader: &reader)
                {
                    buckets[name] = bounds
                }
            }
            histograms.finish(&reader)
        }
        labels = rules.list("labels", reader: &reader) { node, reader in
            if case .scalar(let name, _, _) = node, Self.isLabelName(name) { return name }
            reader.add(
                node.place,
                sentence:
                    "a label name must consist of letters, digits and _, must not begin with a digit or __, and must not be one of \(Self.reservedLabels.sorted().joined(separator: ", "))"
            )
            return nil
        }.map(Set.init)
        retrainAfterRows = rules.number("retrain_after_rows", range: 1...1e15, reader: &reader)
        rules.finish(&reader)
    }

    private static func bounds(
        _ name: String, histograms: inout FileMapping, limit: Int,
        reader: inout FileMapping.Reader
    ) -> [Double]? {
        var last = -Double.infinity
        var slots = 0
        let path = histograms.path
        let bounds = histograms.list(name, reader: &reader) { node, reader -> Double? in
            slots += 1
            guard let bound = FileMapping.number(node), bound > last else {
                reader.add(
                    node.place,
                    sentence: "bounds of \(path)\(name) must be numbers in ascending order")
                return nil
            }
            if slots == limit + 1 {
                reader.add(node.place, sentence: "\(path)\(name) has more than \(limit) bounds")
            }
            last = bound
            return bound
        }
        return bounds
    }

    /// Labels that business metrics always have, or that Prometheus sets.
    private static let reservedLabels: Set<String> = [
        "model", "version", "variant", "kpi", "job", "instance", "le", "quantile",
    ]

    private static func isLabelName(_ name: String) -> Bool {
        name.utf8Span.span.isClientLabelName && name.utf8.count <= FileSettings.nameBytes
            && !reservedLabels.contains(name)
    }
}
