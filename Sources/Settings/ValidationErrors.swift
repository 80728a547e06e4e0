/// The errors of the command line and the settings file, one sentence each, reported together.
package struct ValidationErrors: Sendable {
    package private(set) var sentences: [String] = []

    package init() {}

    package var isEmpty: Bool { sentences.isEmpty }

    package mutating func add(_ sentence: String) {
        sentences.append(sentence)
    }
}
