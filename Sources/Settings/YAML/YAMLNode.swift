/// A position in a text; line and column count from 1.
package struct TextPlace: Sendable, Equatable {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// An error of a YAML text and its position.
package struct YAMLError: Error, Sendable, Equatable {
    package let place: TextPlace
    package let message: String
}

/// A node of a YAML text with its position.
package indirect enum YAMLNode: Sendable, Equatable {
    /// A scalar; `isPlain` if it is written without quotes or block style, which make it text.
    case scalar(String, isPlain: Bool, TextPlace)
    case sequence([YAMLNode], TextPlace)
    /// Pairs in the order of the text; keys are unique.
    case mapping([Pair], TextPlace)

    package struct Pair: Sendable, Equatable {
        package let key: String
        package let place: TextPlace
        package let value: YAMLNode
    }

    package var place: TextPlace {
        switch self {
        case .scalar(_, _, let place), .sequence(_, let place), .mapping(_, let place): place
        }
    }

    /// Whether it is null: an empty value, `~` or `null`.
    package var isNull: Bool {
        guard case .scalar(let text, isPlain: true, _) = self else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }
}
