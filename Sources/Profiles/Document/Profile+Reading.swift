internal import Kernel
internal import Statistics

extension Profile {
    /// Reads a profile's text and checks that its numbers fit together. An id that is there must be right.
    ///
    /// `file` is what errors call the text.
    package init(_ text: Span<UInt8>, file: String) throws(TextError) {
        do throws(OffsetError) {
            if text.count > ProfileLimits.profileBytes {
                throw OffsetError(
                    offset: ProfileLimits.profileBytes,
                    sentence: "the profile is larger than \(ProfileLimits.profileBytes) bytes")
            }
            self = try Profile(try JSONParser.parse(text))
        } catch {
            throw TextError(error, in: text, file: file)
        }
    }

    private init(_ node: JSONNode) throws(OffsetError) {
        var object = try MemberReader(node, path: "")
        let version = try object.required("profile_version")
        guard version.value == .number(Double(Profile.version)) else {
            throw OffsetError(
                offset: version.offset,
                sentence: "profile_version: only version \(Profile.version) is supported")
        }
        let id = object.optional("profile_id")
        var model = try MemberReader(try object.required("model"), path: "model")
        let name = try model.string("name")
        let modelVersion = try model.string("version")
        try model.finish()
        let source = object.optional("source")
        let rows = try object.count("rows")
        if rows == 0 { throw object.error("rows: must be at least 1") }
        let task = object.optional("task")
        let positive = object.optional("positive_class")
        let columnNode = try object.required("columns")
        let columns = try MemberReader.array(columnNode, at: "columns", element: ProfileColumn.init)
        try Profile.check(columns, rows: rows, node: columnNode)
        self.init(model: name, modelVersion: modelVersion, rows: rows, columns: columns)
        if let source { self.source = try Source(source) }
        if let task {
            guard let known = Task(rawValue: try MemberReader.string(task, at: "task")) else {
                throw OffsetError(
                    offset: task.offset, sentence: "task: expected binary, multiclass or regression"
                )
            }
            self.task = known
        }
        if let positive { positiveClass = try MemberReader.string(positive, at: "positive_class") }
        try readParts(&object)
        try object.finish()
        if let id {
            let given = try MemberReader.string(id, at: "profile_id")
            let right = self.id
            if given != right {
                throw OffsetError(
                    offset: id.offset,
                    sentence:
                        "profile_id: \(Quoted.text(given)) is not the id of this content, which is \"\(right)\""
                )
            }
        }
    }

    private static func check(
        _ columns: [ProfileColumn], rows: Int, node: JSONNode
    ) throws(OffsetError) {
        guard case .array(let nodes) = node.value else { return }
        if columns.isEmpty {
            throw OffsetError(offset: node.offset, sentence: "columns: at least one is needed")
        }
        if columns.count > ProfileLimits.profileColumns {
            throw OffsetError(
                offset: nodes[ProfileLimits.profileColumns].offset,
                sentence: "columns: more than \(ProfileLimits.profileColumns)")
        }
        // Bytes: Swift takes texts as equal that Unicode calls equivalent.
        var names: Set<[UInt8]> = []
        for (column, node) in zip(columns, nodes) {
            if !names.insert(Array(column.name.utf8)).inserted {
                throw OffsetError(
                    offset: node.offset,
                    sentence: "columns: \(Quoted.text(column.name)) occurs twice")
            }
            if column.rows != rows {
                throw OffsetError(
                    offset: node.offset,
                    sentence:
                        "column \(Quoted.text(column.name)): \(column.rows) rows, the profile has \(rows)"
                )
            }
        }
    }

    // MARK: Parts that may be absent

    private mutating func readParts(_ object: inout MemberReader) throws(OffsetError) {
        if let node = object.optional("calibration") {
            calibration = try MemberReader.dictionary(
                node, at: "calibration", value: Calibration.init)
        }
        if let node = object.optional("performance") { performance = try Performance(node) }
        if let node = object.optional("attribution") {
            attribution = try MemberReader.array(node, at: "attribution", element: Attribution.init)
        }
        if let node = object.optional("fairness") {
            fairness = try MemberReader.dictionary(node, at: "fairness", value: Fairness.init)
        }
        if let node = object.optional("vectors") {
            vectors = try MemberReader.dictionary(node, at: "vectors", value: VectorReference.init)
        }
        if let node = object.optional("texts") {
            texts = try MemberReader.dictionary(node, at: "texts") {
                (node, path) throws(OffsetError) in
                var text = try MemberReader(node, path: path)
                let words = try MemberReader.hashes(try text.required("words"), at: "\(path).words")
                try text.finish()
                return words
            }
        }
        if let node = object.optional("segments") { segments = try readSegments(node) }
    }

    private func readSegments(_ node: JSONNode) throws(OffsetError) -> [String: [Segment]] {
        try MemberReader.dictionary(node, at: "segments") { (node, path) throws(OffsetError) in
            let groups = try MemberReader.array(node, at: path) {
                (node, path) throws(OffsetError) in
                try Segment(node, at: path, columns: columns)
            }
            if groups.count > ProfileLimits.groups {
                throw OffsetError(
                    offset: node.offset,
                    sentence: "\(path): more than \(ProfileLimits.groups) groups")
            }
            return groups
        }
    }
}

extension Profile.Source {
    fileprivate init(_ node: JSONNode) throws(OffsetError) {
        var object = try MemberReader(node, path: "source")
        guard let kind = Kind(rawValue: try object.string("kind")) else {
            throw object.error("kind: expected csv, jsonl, traffic, sagemaker or tfdv")
        }
        self.init(kind: kind)
        if let node = object.optional("path") {
            path = try MemberReader.string(node, at: "source.path")
        }
        if let node = object.optional("rows") {
            rows = try MemberReader.count(node, at: "source.rows")
        }
        if let node = object.optional("sha256") {
            sha256 = try MemberReader.string(node, at: "source.sha256")
        }
        try object.finish()
    }
}

extension Profile.Calibration {
    fileprivate init(_ node: JSONNode, at path: String) throws(OffsetError) {
        var object = try MemberReader(node, path: path)
        let scores = try object.numbers("x")
        let probabilities = try object.numbers("y")
        try object.finish()
        if scores.isEmpty || scores.count != probabilities.count {
            throw object.error("x and y must have the same number of points, at least one")
        }
        if zip(scores, scores.dropFirst()).contains(where: { $0 >= $1 }) {
            throw object.error("x must ascend")
        }
        let isOrdered = zip(probabilities, probabilities.dropFirst()).allSatisfy { $0 <= $1 }
        if !isOrdered || probabilities.contains(where: { $0 < 0 || $0 > 1 }) {
            throw object.error("y must lie between 0 and 1 and must not fall")
        }
        self.init(scores: scores, probabilities: probabilities)
    }
}

extension Profile.Performance {
    fileprivate init(_ node: JSONNode) throws(OffsetError) {
        var object = try MemberReader(node, path: "performance")
        let rows = try object.count("rows")
        let all = try object.required("metrics")
        let metrics = try MemberReader.dictionary(
            all, at: "performance.metrics"
        ) { (node, path) throws(OffsetError) in try MemberReader.number(node, at: path) }
        try object.finish()
        if let unknown = metrics.keys.filter({ !Self.metricNames.contains($0) }).min() {
            throw OffsetError(
                offset: all.offset,
                sentence: "performance.metrics: \(Quoted.text(unknown)) is not a known metric")
        }
        self.init(rows: rows, metrics: metrics)
    }
}

extension Profile.Attribution {
    fileprivate init(_ node: JSONNode, at path: String) throws(OffsetError) {
        var object = try MemberReader(node, path: path)
        self.init(feature: try object.string("feature"), value: try object.number("value"))
        try object.finish()
        if value < 0 { throw object.error("value: must not be negative") }
    }
}

extension Profile.Fairness {
    fileprivate init(_ node: JSONNode, at path: String) throws(OffsetError) {
        var object = try MemberReader(node, path: path)
        self.init(reference: try object.string("reference"))
        if let node = object.optional("ranges") {
            ranges = try MemberReader.dictionary(
                node, at: "\(path).ranges"
            ) { (node, path) throws(OffsetError) in
                let ends = try MemberReader.array(node, at: path) {
                    (node, path) throws(OffsetError) in
                    try MemberReader.number(node, at: path)
                }
                guard ends.count == 2, ends[0] <= ends[1] else {
                    throw OffsetError(
                        offset: node.offset, sentence: "\(path): expected [low, high]")
                }
                return ends[0]...ends[1]
            }
        }
        try object.finish()
    }
}

extension Profile.VectorReference {
    fileprivate init(_ node: JSONNode, at path: String) throws(OffsetError) {
        var object = try MemberReader(node, path: path)
        let length = try object.count("length")
        let mean = try object.string("mean")
        let components = try MemberReader.array(
            try object.required("components"), at: "\(path).components"
        ) { (node, path) throws(OffsetError) in try MemberReader.string(node, at: path) }
        try object.finish()
        self.init(length: length, mean: mean, components: components)
        // Base64 of floats of 4 bytes has this many characters; what they say is for the reader of vectors.
        let characters = (length * 4 + 2) / 3 * 4
        if length == 0 || components.count != 16
            || (components + [mean]).contains(where: { $0.utf8.count != characters })
        {
            throw object.error(
                "mean and 16 components must be base64 of \(length) floats of 32 bits each")
        }
    }
}

extension Profile.Segment {
    fileprivate init(
        _ node: JSONNode, at path: String, columns known: [ProfileColumn]
    ) throws(OffsetError) {
        var object = try MemberReader(node, path: path)
        let group = try object.string("group")
        let rows = try object.count("rows")
        let columns = try MemberReader.array(
            try object.required("columns"), at: "\(path).columns"
        ) { (node, path) throws(OffsetError) in
            let column = try Column(node, at: path)
            guard let place = known.firstIndex(where: { $0.name == column.name }) else {
                throw OffsetError(
                    offset: node.offset,
                    sentence: "\(path): there is no column \(Quoted.text(column.name))")
            }
            try column.check(against: known[place], rows: rows, node: node, path: path)
            return column
        }
        try object.finish()
        self.init(group: group, rows: rows, columns: columns)
    }
}

extension Profile.Segment.Column {
    fileprivate init(_ node: JSONNode, at path: String) throws(OffsetError) {
        var object = try MemberReader(node, path: path)
        let name = try object.string("name")
        let missing = try object.count("missing")
        let counts = try object.counts("counts")
        self.init(name: name, missing: missing, counts: counts)
        if let node = object.optional("z_sums") {
            zSums = try MemberReader.array(node, at: "\(path).z_sums") {
                (node, path) throws(OffsetError) in
                try MemberReader.number(node, at: path)
            }
        }
        if let node = object.optional("fine_counts") {
            fineCounts = try MemberReader.array(
                node, at: "\(path).fine_counts"
            ) { (node, path) throws(OffsetError) in try MemberReader.count(node, at: path) }
        }
        try object.finish()
    }

    /// Throws unless there are as many counts as the column has bins, for no more rows than the group has.
    fileprivate func check(
        against column: ProfileColumn, rows: Int, node: JSONNode, path: String
    ) throws(OffsetError) {
        let bins: Int
        var fine: Int?
        switch column.content {
        case .none, .numerical(nil, _, _):
            throw OffsetError(
                offset: node.offset, sentence: "\(path): \(Quoted.text(name)) has no bins")
        case .numerical(let summary?, _, _):
            bins = summary.coarse.counts.count
            fine = summary.fine?.counts.count
        case .categorical(let summary): bins = summary.binCounts.count
        }
        if counts.count != bins || zSums.map({ $0.count != bins }) == true
            || fineCounts.map({ $0.count != fine }) == true
        {
            throw OffsetError(
                offset: node.offset,
                sentence: "\(path): the counts do not fit the bins of the column")
        }
        if counts.reduce(missing, +) > rows {
            throw OffsetError(
                offset: node.offset, sentence: "\(path): more counts than the group has rows")
        }
    }
}
