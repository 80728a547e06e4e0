internal import Statistics

extension Profile {
    /// The document as JSON, members in the order of the format's description.
    func node(withSource: Bool, id: String?) -> JSONNode {
        var object: [JSONNode.Member] = [.init("profile_version", .count(Profile.version))]
        func add(_ name: String, _ value: JSONNode?) {
            if let value { object.append(.init(name, value)) }
        }
        add("profile_id", id.map(JSONNode.string))
        add(
            "model",
            .object([.init("name", .string(model)), .init("version", .string(modelVersion))]))
        if withSource { add("source", source?.node) }
        add("rows", .count(rows))
        add("task", task.map { .string($0.rawValue) })
        add("positive_class", positiveClass.map(JSONNode.string))
        add("columns", .array(columns.map(\.node)))
        add("calibration", calibration.map { JSONNode.object($0, \.node) })
        add("performance", performance?.node)
        add(
            "attribution",
            attribution.map { all in
                .array(
                    all.map {
                        .object([
                            .init("feature", .string($0.feature)),
                            .init("value", .number($0.value)),
                        ])
                    })
            })
        add("fairness", fairness.map { JSONNode.object($0, \.node) })
        add("vectors", vectors.map { JSONNode.object($0, \.node) })
        add(
            "texts",
            texts.map { all in
                JSONNode.object(all) { .object([.init("words", .hashes($0))]) }
            })
        add(
            "segments",
            segments.map { all in JSONNode.object(all) { .array($0.map(\.node)) } })
        return .object(object)
    }
}

extension JSONNode {
    /// An object of a dictionary, by name.
    fileprivate static func object<Value>(
        _ values: [String: Value], _ node: (Value) -> JSONNode
    ) -> JSONNode {
        .object(values.sorted { $0.key < $1.key }.map { .init($0.key, node($0.value)) })
    }

    fileprivate static func counts(_ counts: [Int]) -> JSONNode {
        .array(counts.map(JSONNode.count))
    }

    fileprivate static func numbers(_ numbers: [Double]) -> JSONNode {
        .array(numbers.map(JSONNode.number))
    }

    fileprivate static func hashes(_ hashes: [UInt64]) -> JSONNode {
        .array(hashes.map { .string(Hexadecimal.text($0)) })
    }
}

extension Profile.Source {
    fileprivate var node: JSONNode {
        var object: [JSONNode.Member] = [.init("kind", .string(kind.rawValue))]
        if let path { object.append(.init("path", .string(path))) }
        if let rows { object.append(.init("rows", .count(rows))) }
        if let sha256 { object.append(.init("sha256", .string(sha256))) }
        return .object(object)
    }
}

extension Profile.Calibration {
    fileprivate var node: JSONNode {
        .object([.init("x", .numbers(scores)), .init("y", .numbers(probabilities))])
    }
}

extension Profile.Performance {
    fileprivate var node: JSONNode {
        .object([
            .init("rows", .count(rows)),
            .init("metrics", JSONNode.object(metrics, JSONNode.number)),
        ])
    }
}

extension Profile.Fairness {
    fileprivate var node: JSONNode {
        var object: [JSONNode.Member] = [.init("reference", .string(reference))]
        if let ranges {
            let node = JSONNode.object(ranges) { .numbers([$0.lowerBound, $0.upperBound]) }
            object.append(.init("ranges", node))
        }
        return .object(object)
    }
}

extension Profile.VectorReference {
    fileprivate var node: JSONNode {
        .object([
            .init("length", .count(length)), .init("mean", .string(mean)),
            .init("components", .array(components.map(JSONNode.string))),
        ])
    }
}

extension Profile.Segment {
    fileprivate var node: JSONNode {
        .object([
            .init("group", .string(group)), .init("rows", .count(rows)),
            .init("columns", .array(columns.map(\.node))),
        ])
    }
}

extension Profile.Segment.Column {
    fileprivate var node: JSONNode {
        var object: [JSONNode.Member] = [
            .init("name", .string(name)), .init("missing", .count(missing)),
            .init("counts", .counts(counts)),
        ]
        if let zSums { object.append(.init("z_sums", .numbers(zSums))) }
        if let fineCounts { object.append(.init("fine_counts", .counts(fineCounts))) }
        return .object(object)
    }
}

extension ProfileColumn {
    fileprivate var node: JSONNode {
        var object: [JSONNode.Member] = [
            .init("name", .string(name)), .init("role", .string(role.rawValue)),
        ]
        switch content {
        case .none: break
        case .numerical: object.append(.init("type", .string("numerical")))
        case .categorical: object.append(.init("type", .string("categorical")))
        }
        object.append(.init("rows", .count(rows)))
        object.append(.init("missing", .count(missing)))
        switch content {
        case .none: break
        case .numerical(let summary, let positive, let negative):
            object.append(.init("positive_infinite", .count(positive)))
            object.append(.init("negative_infinite", .count(negative)))
            if let summary { object.append(.init("numerical", summary.node)) }
        case .categorical(let summary): object.append(.init("categorical", summary.node))
        }
        return .object(object)
    }
}

extension NumericSummary {
    fileprivate var node: JSONNode {
        var object: [JSONNode.Member] = [
            .init("mean", .number(scale.mean)), .init("std_dev", .number(scale.deviation)),
            .init("min", .number(minimum)), .init("max", .number(maximum)),
            .init("distinct_count", .count(distinctCount)),
            .init("bins", coarse.node(withSums: true)),
        ]
        if let fine { object.append(.init("fine_bins", fine.node(withSums: false))) }
        return .object(object)
    }
}

extension Bins {
    fileprivate func node(withSums: Bool) -> JSONNode {
        var object: [JSONNode.Member] = [
            .init("kind", .string(kind.rawValue)), .init("upper_edges", .numbers(edges)),
            .init("counts", .counts(counts)),
        ]
        if withSums { object.append(.init("z_sums", .numbers(zSums))) }
        return .object(object)
    }
}

extension CategoricalSummary {
    fileprivate var node: JSONNode {
        var object: [JSONNode.Member] = [
            .init("distinct_count", .count(distinctCount)),
            .init(
                "categories",
                .array(
                    categories.map {
                        .object([
                            .init("value", .string($0.value)), .init("count", .count($0.count)),
                        ])
                    })),
            .init("other_count", .count(otherCount)), .init("once_count", .count(onceCount)),
        ]
        if let hashes { object.append(.init("hashes", .hashes(hashes))) }
        return .object(object)
    }
}
