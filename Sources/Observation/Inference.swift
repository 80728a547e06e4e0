/// How a request to a model ended, as `ml_requests_total` tells it.
public enum RequestOutcome: UInt8, Sendable, CaseIterable {
    case ok
    case clientError
    case serverError
    case timeout
    case rejected
    case cancelled

    /// As a label's value, and as it is pushed.
    public var name: StaticString {
        switch self {
        case .ok: "ok"
        case .clientError: "client_error"
        case .serverError: "server_error"
        case .timeout: "timeout"
        case .rejected: "rejected"
        case .cancelled: "cancelled"
        }
    }
}

/// What is measured of a request.
public enum Measure: Int, Sendable, CaseIterable {
    /// Seconds.
    case duration
    /// Seconds by stage.
    case stageQueue, stagePreprocess, stageInference, stagePostprocess
    /// Rows, at least 1.
    case batchSize
    /// Whole numbers of tokens.
    case inputTokens, outputTokens
    /// Seconds.
    case timeToFirstToken, timePerOutputToken
    /// The probability of the positive class, within 0...1.
    case score
}

/// One observation of a measure.
public struct Observation: Sendable, BitwiseCopyable {
    /// The row it belongs to.
    public let row: UInt32
    /// Finite; not negative.
    public let value: Double
    /// How many requests it was observed of: at least 1, at most 2^53.
    public let weight: UInt64

    public init(row: Int, value: Double, weight: UInt64) {
        self.row = UInt32(clamping: row)
        self.value = value
        self.weight = weight
    }
}

/// A value that a model was given or has given.
public struct Value: Sendable, BitwiseCopyable {
    public enum Kind: UInt8, Sendable, BitwiseCopyable {
        /// A finite number.
        case number
        /// A text; booleans are the texts `true` and `false`.
        case text
        /// One of the texts `NaN`, `Infinity`, `-Infinity`: not finite where a number is expected,
        /// a text elsewhere.
        case notFiniteWord
        /// A number that no double holds.
        case notFinite
        /// `null`.
        case missing
    }

    public let kind: Kind
    private let bits: UInt64

    private init(_ kind: Kind, _ bits: UInt64) {
        self.kind = kind
        self.bits = bits
    }

    public init(_ number: Double) { self.init(.number, number.bitPattern) }

    public init(_ text: Text, isNotFinite: Bool = false) {
        self.init(
            isNotFinite ? .notFiniteWord : .text, UInt64(text.offset) << 32 | UInt64(text.count))
    }

    public static let notFinite = Value(.notFinite, 0)
    public static let missing = Value(.missing, 0)

    /// The number of a value of that kind; 0 for the others.
    public var number: Double { kind == .number ? Double(bitPattern: bits) : 0 }

    /// The text of a value of one of the two kinds; empty for the others.
    public var text: Text {
        guard kind == .text || kind == .notFiniteWord else { return .empty }
        return Text(
            offset: UInt32(truncatingIfNeeded: bits >> 32), count: UInt32(truncatingIfNeeded: bits))
    }
}

/// A feature of one row.
public struct FeatureValue: Sendable, BitwiseCopyable {
    public let row: UInt32
    public let feature: Name
    public let value: Value
}

/// What a row says under a name: a score by class, an attribution by feature.
public struct NamedNumber: Sendable, BitwiseCopyable {
    public let row: UInt32
    public let name: Name
    /// Finite.
    public let value: Double
}

/// The group of a facet that a row belongs to.
public struct Membership: Sendable, BitwiseCopyable {
    public let row: UInt32
    public let facet: Name
    public let group: Name
}

/// What the model gave for a row.
public struct Prediction: Sendable, BitwiseCopyable {
    public let row: UInt32
    /// A number or a text.
    public let value: Value
}

/// A text of a row: its `id` or its `trace_id`.
public struct RowText: Sendable, BitwiseCopyable {
    public let row: UInt32
    public let text: Text
}

/// Why a producer found an input wrong, as `ml_input_validation_errors_total` tells it.
public enum InputReason: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    case missing
    case type
    case outOfRange
    case unseenCategory
    case notFinite
    case missingColumn
    case extraColumn
    case invalidUTF8
    /// Any other word.
    case custom

    public var name: StaticString {
        switch self {
        case .missing: "missing"
        case .type: "type"
        case .outOfRange: "out_of_range"
        case .unseenCategory: "unseen_category"
        case .notFinite: "not_finite"
        case .missingColumn: "missing_column"
        case .extraColumn: "extra_column"
        case .invalidUTF8: "invalid_utf8"
        case .custom: "custom"
        }
    }
}

/// An input error that the producer found itself.
public struct InputError: Sendable, BitwiseCopyable {
    public let row: UInt32
    public let feature: Name
    public let reason: InputReason
}
