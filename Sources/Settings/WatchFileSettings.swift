extension FileSettings {
    /// How models are compared with their profiles; nil for keys that are not given.
    package struct Watch: Sendable, Equatable {
        package var window: Duration?
        package var windowLimit: Duration?
        package var minimumRows: Int?
        package var threshold: Double?
        package var falseDiscoveryRate: Double?
        package var designEffect: Double?
        package var methods: Set<String>?
        package var features: Set<String>?
        package var keepsUnseenNames: Bool?

        package init() {}
    }
}

extension FileSettings.Watch {
    /// Scores that a page can have.
    private static let knownMethods: Set<String> = ["psi", "ks"]
    /// Windows consist of whole stretches of five minutes and reach back a day.
    private static let windowRange = Duration.seconds(300)...Duration.seconds(86_400)

    init(_ node: YAMLNode, path: String, reader: inout FileMapping.Reader) {
        var watch = FileMapping(node, path: path + "watch.", reader: &reader)
        window = watch.duration("window", range: Self.windowRange, reader: &reader)
        windowLimit = watch.duration("window_max", range: Self.windowRange, reader: &reader)
        if let window, let windowLimit, window > windowLimit {
            reader.add(
                node.place, sentence: "\(path)watch.window must not be longer than window_max")
        }
        minimumRows = watch.count("min_rows", range: 1...1_000_000_000, reader: &reader)
        threshold = watch.number("threshold", range: 0...1000, reader: &reader)
        falseDiscoveryRate = watch.number("fdr", range: 1e-9...1, reader: &reader)
        designEffect = watch.number("design_effect", range: 1...1e6, reader: &reader)
        methods = watch.list("methods", reader: &reader) { node, reader -> String? in
            if case .scalar(let name, _, _) = node, Self.knownMethods.contains(name) {
                return name
            }
            reader.add(
                node.place,
                sentence:
                    "\(path)watch.methods must be of \(Self.knownMethods.sorted().joined(separator: ", "))"
            )
            return nil
        }.map(Set.init)
        features = watch.list("features", reader: &reader) { node, reader -> String? in
            if case .scalar(let name, _, _) = node, !name.isEmpty,
                name.utf8.count <= FileSettings.nameBytes
            {
                return name
            }
            reader.add(
                node.place,
                sentence:
                    "\(path)watch.features must be names of 1 to \(FileSettings.nameBytes) bytes")
            return nil
        }.map(Set.init)
        keepsUnseenNames = watch.flag("unseen_names", reader: &reader)
        watch.finish(&reader)
    }
}
