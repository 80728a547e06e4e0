internal import Statistics
internal import Wire

extension Profile {
    /// The document as JSON, members in the order of the format's description.
    func node(withSource: Bool, id: String?) -> JSONNode {
        var object: [JSONNode.Member] = [.init("profile_version", value: .count(Profile.version))]
        func add(_ name: String, value: JSONNode?) {
            if let value { object.append(.init(name, value: value)) }
        }
        add("profile_id", value: id.map(JSONNode.string))
        add(
            "model",
            value: .object([
                .init("name", value: .string(model)),
                .init("version", value: .string(modelVersion)),
            ]))
        if withSource { add("source", value: source?.node) }
        add("rows", value: .count(rows))
        add("task", value: task.map { .string($0.rawValue) })
        add("positive_class", value: positiveClass.map(JSONNode.string))
        add("columns", value: .array(columns.map(\.node)))
        add("calibration", value: calibration.map { JSONNode.object($0, node: \.node) })
        add("performance", value: performance?.node)
        add(
            "attribution",
            value: attribution.map { all in
                .array(
                    all.map {
                        .object([
                            .init("feature", value: .string($0.feature)),
                            .init("value", value: .number($0.value)),
                        ])
                    })
            })
        add("fairness", value: fairness.map { JSONNode.object($0, node: \.node) })
        add("vectors", value: vectors.map { JSONNode.object($0, node: \.node) })
        add(
            "texts",
            value: texts.map { all in
                JSONNode.object(all) { .object([.init("words", value: .hashes($0))]) }
            })
        add(
            "segments",
            value: segments.map { all in JSONNode.object(all) { .array($0.map(\.node)) } })
        return .object(object)
    }
}

extension JSONNode {
    /// An object of a dictionary, by name.
    fileprivate static func object<Value>(
        _ values: [String: Value], node: (Value) -> JSONNode
    ) -> JSONNode {
        .object(values.sorted { $0.key < $1.key }.map { .init($0.key, value: node($0.value)) })
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
        var object: [JSONNode.Member] = [.init("kind", value: .string(kind.rawValue))]
        if let path { object.append(.init("path", value: .string(path))) }
        if let rows { object.append(.init("rows", value: .count(rows))) }
        if let sha256 { object.append(.init("sha256", value: .string(sha256))) }
        return .object(object)
    }
}

extension Profile.Calibration {
    fileprivate var node: JSONNode {
        .object([.init("x", value: .numbers(scores)), .init("y", value: .numbers(probabilities))])
    }
}

extension Profile.Performance {
    fileprivate var node: JSONNode {
        .object([
            .init("rows", value: .count(rows)),
            .init("metrics", value: JSONNode.object(metrics, node: JSONNode.number)),
        ])
    }
}

extension Profile.Fairness {
    fileprivate var node: JSONNode {
        var object: [JSONNode.Member] = [.init("reference", value: .string(reference))]
        if let ranges {
            let node = JSONNode.object(ranges) { .numbers([$0.lowerBound, $0.upperBound]) }
            object.append(.init("ranges", value: node))
        }
        return .object(object)
    }
}

extension Profile.VectorReference {
    fileprivate var node: JSONNode {
        .object([
            .init("length", value: .count(length)), .init("mean", value: .string(mean)),
            .init("components", value: .array(components.map(JSONNode.string))),
        ])
    }
}

extension Profile.Segment {
    fileprivate var node: JSONNode {
        .object([
            .init("group", value: .string(group)), .init("rows", value: .count(rows)),
            .init("columns", value: .array(columns.map(\.node))),
        ])
    }
}

extension Profile.Segment.Column {
    fileprivate var node: JSONNode {
        var object: [JSONNode.Member] = [
            .init("name", value: .string(name)), .init("missing", value: .count(missing)),
            .init("counts", value: .counts(counts)),
        ]
        if let zSums { object.append(.init("z_sums", value: .numbers(zSums))) }
        if let fineCounts { object.append(.init("fine_counts", value: .counts(fineCounts))) }
        return .object(object)
    }
}

extension ProfileColumn {
    fileprivate var node: JSONNode {
        var object: [JSONNode.Member] = [
            .init("name", value: .string(name)), .init("role", value: .string(role.rawValue)),
        ]
        switch content {
        case .none: break
        case .numerical: object.append(.init("type", value: .string("numerical")))
        case .categorical: object.append(.init("type", value: .string("categorical")))
        }
        object.append(.init("rows", value: .count(rows)))
        object.append(.init("missing", value: .count(missing)))
        switch content {
        case .none: break
        case .numerical(let summary, let positive, let negative):
            object.append(.init("positive_infinite", value: .count(positive)))
            object.append(.init("negative_infinite", value: .count(negative)))
            if let summary { object.append(.init("numerical", value: summary.node)) }
        case .categorical(let summary): object.append(.init("categorical", value: summary.node))
        }
        return .object(object)
    }
}

extension NumericSummary {
    fileprivate var node: JSONNode {
        var object: [JSONNode.Member] = [
            .init("mean", value: .number(scale.mean)),
            .init("std_dev", value: .number(scale.deviation)),
            .init("min", value: .number(minimum)), .init("max", value: .number(maximum)),
            .init("distinct_count", value: .count(distinctCount)),
            .init("bins", value: coarse.node(withSums: true)),
        ]
        if let fine { object.append(.init("fine_bins", value: fine.node(withSums: false))) }
        return .object(object)
    }
}

extension Bins {
    fileprivate func node(withSums: Bool) -> JSONNode {
        var object: [JSONNode.Member] = [
            .init("kind", value: .string(kind.rawValue)),
            .init("upper_edges", value: .numbers(edges)),
            .init("counts", value: .counts(counts)),
        ]
        if withSums { object.append(.init("z_sums", value: .numbers(zSums))) }
        return .object(object)
    }
}

extension CategoricalSummary {
    fileprivate var node: JSONNode {
        var object: [JSONNode.Member] = [
            .init("distinct_count", value: .count(distinctCount)),
            .init(
                "categories",
                value: .array(
                    categories.map {
                        .object([
                            .init("value", value: .string($0.value)),
                            .init("count", value: .count($0.count)),
                        ])
                    })),
            .init("other_count", value: .count(otherCount)),
            .init("once_count", value: .count(onceCount)),
        ]
        if let hashes { object.append(.init("hashes", value: .hashes(hashes))) }
        return .object(object)
    }
}
