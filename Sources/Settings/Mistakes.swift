/// Everything that is wrong with the command line, one plain sentence each: told together.
public struct Mistakes: Sendable {
    public private(set) var sentences: [String] = []

    public init() {}

    public var isEmpty: Bool { sentences.isEmpty }

    public mutating func add(_ sentence: String) {
        sentences.append(sentence)
    }
}
