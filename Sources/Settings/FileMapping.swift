internal import Kernel

/// The keys of one mapping of a settings file. Known keys are taken; each key left at `finish` is an
/// error.
struct FileMapping {
    /// Collects the errors of a file.
    struct Reader {
        let file: String
        private var errors: [(place: TextPlace, sentence: String)] = []

        init(file: String) {
            self.file = file
        }

        mutating func add(_ place: TextPlace, sentence: String) {
            errors.append((place, sentence))
        }

        /// The errors, sorted by position.
        var sentences: [String] {
            errors.sorted { ($0.place.line, $0.place.column) < ($1.place.line, $1.place.column) }
                .map { "\(file):\($0.place.line):\($0.place.column): \($0.sentence)" }
        }
    }

    private var pairs: [YAMLNode.Pair] = []
    /// The names of the enclosing mappings, each followed by a dot.
    let path: String
    private var known: [String] = []

    /// A node that is not a mapping is an error; null is an empty mapping.
    init(_ node: YAMLNode, path: String, reader: inout Reader) {
        self.path = path
        switch node {
        case .mapping(let pairs, _): self.pairs = pairs
        default:
            if !node.isNull {
                let name = path.isEmpty ? "the file" : String(path.dropLast())
                reader.add(node.place, sentence: "\(name) must be a mapping (key: value)")
            }
        }
    }

    /// The value of a key, nil if it is missing or null.
    mutating func take(_ key: String) -> YAMLNode? {
        known.append(key)
        guard let place = pairs.firstIndex(where: { $0.key == key }) else { return nil }
        let value = pairs.remove(at: place).value
        return value.isNull ? nil : value
    }

    /// All pairs, with any keys.
    mutating func takeAll() -> [YAMLNode.Pair] {
        defer { pairs.removeAll() }
        return pairs
    }

    func finish(_ reader: inout Reader) {
        for pair in pairs {
            let meant = Spelling.nearest(to: pair.key, among: known)
            let question = meant.map { ", did you mean \($0)?" } ?? ""
            reader.add(
                pair.place,
                sentence:
                    "unknown key \(path)\(pair.key)\(question); known keys: \(known.joined(separator: ", "))"
            )
        }
    }

    // MARK: Values

    /// A number within `range`.
    mutating func number(
        _ key: String, range: ClosedRange<Double>, reader: inout Reader
    ) -> Double? {
        guard let node = take(key) else { return nil }
        if let value = FileMapping.number(node), range.contains(value) { return value }
        reader.add(
            node.place,
            sentence:
                "\(path)\(key) must be a number from \(FileMapping.text(range.lowerBound)) to \(FileMapping.text(range.upperBound))"
        )
        return nil
    }

    /// A whole number within `range`.
    mutating func count(
        _ key: String, range: ClosedRange<Int>, reader: inout Reader
    ) -> Int? {
        guard let node = take(key) else { return nil }
        if case .scalar(let text, isPlain: true, _) = node, let value = Int(text),
            range.contains(value)
        {
            return value
        }
        reader.add(
            node.place,
            sentence:
                "\(path)\(key) must be a whole number from \(range.lowerBound) to \(range.upperBound)"
        )
        return nil
    }

    /// A duration in the syntax of the flags: `300s`, `5m`, `24h`, `0`.
    mutating func duration(_ key: String, reader: inout Reader) -> Duration? {
        guard let node = take(key) else { return nil }
        if case .scalar(let text, _, _) = node, let value = DurationText(argument: text) {
            return value.duration
        }
        reader.add(node.place, sentence: "\(path)\(key) must be a duration such as 90s, 5m or 24h")
        return nil
    }

    /// A duration within `range`.
    mutating func duration(
        _ key: String, range: ClosedRange<Duration>, reader: inout Reader
    ) -> Duration? {
        guard let node = take(key) else { return nil }
        if case .scalar(let text, _, _) = node, let value = DurationText(argument: text),
            range.contains(value.duration)
        {
            return value.duration
        }
        let (low, high) = (range.lowerBound.seconds, range.upperBound.seconds)
        reader.add(
            node.place,
            sentence:
                "\(path)\(key) must be a duration from \(FileMapping.text(low))s to \(FileMapping.text(high))s"
        )
        return nil
    }

    /// `true` or `false`.
    mutating func flag(_ key: String, reader: inout Reader) -> Bool? {
        guard let node = take(key) else { return nil }
        if case .scalar(let text, isPlain: true, _) = node, text == "true" || text == "false" {
            return text == "true"
        }
        reader.add(node.place, sentence: "\(path)\(key) must be true or false")
        return nil
    }

    /// A sequence; `read` reads each of its values and returns nil after adding an error.
    mutating func list<Value>(
        _ key: String, reader: inout Reader, read: (YAMLNode, inout Reader) -> Value?
    ) -> [Value]? {
        guard let node = take(key) else { return nil }
        guard case .sequence(let items, _) = node else {
            reader.add(node.place, sentence: "\(path)\(key) must be a list: [a, b]")
            return nil
        }
        return items.compactMap { read($0, &reader) }
    }

    static func number(_ node: YAMLNode) -> Double? {
        guard case .scalar(let text, isPlain: true, _) = node,
            text.utf8.allSatisfy({ (0x2B...0x39).contains($0) || $0 | 0x20 == 0x65 }),
            let value = Double(text), value.isFinite
        else { return nil }
        return value
    }

    private static func text(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }
}
