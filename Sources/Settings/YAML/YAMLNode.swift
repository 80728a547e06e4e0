/// A place in a text, both counted from 1.
public struct TextPlace: Sendable, Equatable {
    public let line: Int
    public let column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// Why a text is no YAML that we read, and where.
public struct YAMLError: Error, Sendable, Equatable {
    public let place: TextPlace
    public let message: String
}

/// A part of a YAML text with its place.
public indirect enum YAMLNode: Sendable, Equatable {
    /// A scalar; `isPlain` when no quotes and no block style say that it is text.
    case scalar(String, isPlain: Bool, TextPlace)
    case sequence([YAMLNode], TextPlace)
    /// Pairs in their order; no key stands twice.
    case mapping([Pair], TextPlace)

    public struct Pair: Sendable, Equatable {
        public let key: String
        public let place: TextPlace
        public let value: YAMLNode
    }

    public var place: TextPlace {
        switch self {
        case .scalar(_, _, let place), .sequence(_, let place), .mapping(_, let place): place
        }
    }

    /// Whether nothing stands there: an empty value, `~` or `null`.
    public var isNull: Bool {
        guard case .scalar(let text, isPlain: true, _) = self else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }
}
