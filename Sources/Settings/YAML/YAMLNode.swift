/// A place in a text, both counted from 1.
package struct TextPlace: Sendable, Equatable {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// Why a text is no YAML that we read, and where.
package struct YAMLError: Error, Sendable, Equatable {
    package let place: TextPlace
    package let message: String
}

/// A part of a YAML text with its place.
package indirect enum YAMLNode: Sendable, Equatable {
    /// A scalar; `isPlain` when no quotes and no block style say that it is text.
    case scalar(String, isPlain: Bool, TextPlace)
    case sequence([YAMLNode], TextPlace)
    /// Pairs in their order; no key stands twice.
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

    /// Whether nothing stands there: an empty value, `~` or `null`.
    package var isNull: Bool {
        guard case .scalar(let text, isPlain: true, _) = self else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }
}
