/// Everything that is wrong with the command line, one plain sentence each: told together.
package struct ValidationErrors: Sendable {
    package private(set) var sentences: [String] = []

    package init() {}

    package var isEmpty: Bool { sentences.isEmpty }

    package mutating func add(_ sentence: String) {
        sentences.append(sentence)
    }
}
