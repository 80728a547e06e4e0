internal import Kernel
internal import Statistics

extension ProfileColumn {
    init(_ node: JSONNode, at path: String) throws(OffsetError) {
        var object = try MemberReader(node, path: path)
        let name = try object.string("name")
        if name.isEmpty || name.utf8.count > ProfileLimits.nameBytes {
            throw object.error("name: must have 1 to \(ProfileLimits.nameBytes) bytes")
        }
        guard let role = Role(rawValue: try object.string("role")) else {
            throw object.error(
                "role: expected feature, prediction, score, target, group, id or ignored")
        }
        let rows = try object.count("rows")
        let missing = try object.count("missing")
        var content = Content.none
        if role.isCounted {
            switch try object.string("type") {
            case "numerical": content = try ProfileColumn.numerical(&object)
            case "categorical":
                content = .categorical(
                    try CategoricalSummary(
                        try object.required("categorical"), at: object.path("categorical")))
            default: throw object.error("type: expected numerical or categorical")
            }
        }
        try object.finish()
        self.init(name: name, role: role, rows: rows, missing: missing, content: content)
        try check(object)
    }

    private static func numerical(_ object: inout MemberReader) throws(OffsetError) -> Content {
        let positive = try object.count("positive_infinite")
        let negative = try object.count("negative_infinite")
        let path = object.path("numerical")
        var summary: NumericSummary?
        if let node = object.optional("numerical") { summary = try NumericSummary(node, at: path) }
        return .numerical(summary, positiveInfinite: positive, negativeInfinite: negative)
    }

    private func check(_ object: MemberReader) throws(OffsetError) {
        var counted = missing
        switch content {
        case .none:
            if missing > rows { throw object.error("more values are missing than there are rows") }
            return
        case .numerical(let summary, let positive, let negative):
            counted += positive + negative + (summary?.coarse.counts.reduce(0, +) ?? 0)
        case .categorical(let summary): counted += summary.valueCount
        }
        if counted != rows {
            throw object.error(
                "counts, missing and infinite values add up to \(counted), not to the \(rows) rows")
        }
    }
}

extension NumericSummary {
    fileprivate init(_ node: JSONNode, at path: String) throws(OffsetError) {
        var object = try MemberReader(node, path: path)
        let mean = try object.number("mean")
        let deviation = try object.number("std_dev")
        let minimum = try object.number("min")
        let maximum = try object.number("max")
        let distinct = try object.count("distinct_count")
        let coarse = try Bins(
            try object.required("bins"), at: object.path("bins"), withSums: true,
            limit: ProfileLimits.coarseBins)
        var fine: Bins?
        if let node = object.optional("fine_bins") {
            fine = try Bins(
                node, at: object.path("fine_bins"), withSums: false, limit: ProfileLimits.fineBins)
        }
        try object.finish()
        if !(minimum <= mean && mean <= maximum) {
            throw object.error("min <= mean <= max does not hold")
        }
        if deviation < 0 { throw object.error("std_dev: must not be negative") }
        if distinct == 0 { throw object.error("distinct_count: must be at least 1") }
        if let fine { try NumericSummary.check(coarse, fine: fine, of: object) }
        self.init(
            scale: Scale(mean: mean, deviation: deviation), minimum: minimum, maximum: maximum,
            distinctCount: distinct, coarse: coarse, fine: fine)
    }

    /// Throws unless every coarse bin is a union of fine ones, with the sum of their counts.
    private static func check(
        _ coarse: Bins, fine: Bins, of object: MemberReader
    ) throws(OffsetError) {
        let edges = Set(fine.edges)
        if let edge = coarse.edges.first(where: { !edges.contains($0) }) {
            throw object.error(
                "the edge \(NumberText.shortest(edge)) of bins is not one of fine_bins")
        }
        var sums = [Int](repeating: 0, count: coarse.counts.count)
        var bin = 0
        for (index, count) in fine.counts.enumerated() {
            sums[bin] += count
            if index < fine.edges.count, bin < coarse.edges.count,
                fine.edges[index] == coarse.edges[bin]
            {
                bin += 1
            }
        }
        if sums != coarse.counts {
            throw object.error("the counts of bins are not the sums of those of fine_bins")
        }
    }
}

extension Bins {
    fileprivate init(
        _ node: JSONNode, at path: String, withSums: Bool, limit: Int
    ) throws(OffsetError) {
        var object = try MemberReader(node, path: path)
        guard let kind = Kind(rawValue: try object.string("kind")) else {
            throw object.error("kind: expected quantile, discrete, constant or custom")
        }
        let edges = try object.numbers("upper_edges")
        let counts = try object.counts("counts")
        let sums = withSums ? try object.numbers("z_sums") : []
        try object.finish()
        if zip(edges, edges.dropFirst()).contains(where: { $0 >= $1 }) {
            throw object.error("upper_edges: must ascend")
        }
        if counts.count > limit { throw object.error("more than \(limit) bins") }
        if counts.count != edges.count + 1 {
            throw object.error(
                "counts: \(edges.count) edges need \(edges.count + 1) counts, found \(counts.count)"
            )
        }
        if withSums, sums.count != counts.count {
            throw object.error("z_sums: \(counts.count) bins need as many, found \(sums.count)")
        }
        self.init(kind: kind, edges: edges, counts: counts, zSums: sums)
    }
}

extension CategoricalSummary {
    fileprivate init(_ node: JSONNode, at path: String) throws(OffsetError) {
        var object = try MemberReader(node, path: path)
        let distinct = try object.count("distinct_count")
        let categories = try MemberReader.array(
            try object.required("categories"), at: object.path("categories"), element: Category.init
        )
        let other = try object.count("other_count")
        let once = try object.count("once_count")
        var hashes: [UInt64]?
        if let node = object.optional("hashes") {
            hashes = try MemberReader.hashes(node, at: object.path("hashes"))
        }
        try object.finish()
        if categories.count > ProfileLimits.categories {
            throw object.error("categories: more than \(ProfileLimits.categories)")
        }
        if Set(categories.map { Array($0.value.utf8) }).count < categories.count {
            throw object.error("categories: one of them occurs twice")
        }
        let isOrdered = zip(categories, categories.dropFirst()).allSatisfy { first, second in
            first.count > second.count
                || (first.count == second.count
                    && first.value.utf8.lexicographicallyPrecedes(second.value.utf8))
        }
        if !isOrdered {
            throw object.error("categories: must be ordered by count, falling, then by value")
        }
        if let hashes {
            if hashes.count > CategoricalSummary.hashLimit {
                throw object.error("hashes: more than \(CategoricalSummary.hashLimit)")
            }
            if hashes.count + categories.count != distinct {
                throw object.error("distinct_count: is not the number of categories and hashes")
            }
        } else if distinct < categories.count {
            throw object.error("distinct_count: is smaller than the number of categories")
        }
        self.init(
            distinctCount: distinct, categories: categories, otherCount: other, onceCount: once,
            hashes: hashes)
    }
}

extension CategoricalSummary.Category {
    fileprivate init(_ node: JSONNode, at path: String) throws(OffsetError) {
        var object = try MemberReader(node, path: path)
        self.init(value: try object.string("value"), count: try object.count("count"))
        try object.finish()
        if count == 0 { throw object.error("count: must be at least 1") }
    }
}
