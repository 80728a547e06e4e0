/// A JSON value and its offset in the text.
package struct JSONNode: Equatable, Sendable {
    /// What a value is.
    package indirect enum Value: Equatable, Sendable {
        case null
        case boolean(Bool)
        case number(Double)
        case string(String)
        case array([JSONNode])
        /// Members in their order; names are unique.
        case object([Member])
    }

    /// A member of an object.
    package struct Member: Equatable, Sendable {
        package var name: String
        /// The byte where its name starts.
        package var offset = 0
        package var value: JSONNode

        package init(_ name: String, offset: Int = 0, value: JSONNode) {
            self.name = name
            self.offset = offset
            self.value = value
        }
    }

    package var value: Value
    /// The byte of the text where it starts; 0 for a value that was made, not read.
    package var offset: Int

    package init(_ value: Value, offset: Int = 0) {
        self.value = value
        self.offset = offset
    }

    package static func string(_ text: String) -> JSONNode { JSONNode(.string(text)) }
    package static func number(_ number: Double) -> JSONNode { JSONNode(.number(number)) }
    package static func count(_ count: Int) -> JSONNode { JSONNode(.number(Double(count))) }
    package static func boolean(_ value: Bool) -> JSONNode { JSONNode(.boolean(value)) }
    package static func array(_ elements: [JSONNode]) -> JSONNode { JSONNode(.array(elements)) }
    package static func object(_ members: [Member]) -> JSONNode { JSONNode(.object(members)) }

    /// What the value is, with its article.
    var kind: String {
        switch value {
        case .null: "null"
        case .boolean: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
