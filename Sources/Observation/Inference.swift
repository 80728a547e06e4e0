/// How a request to a model ended: the label `outcome` of `ml_requests_total`.
package enum RequestOutcome: UInt8, Sendable, CaseIterable {
    case ok
    case clientError
    case serverError
    case timeout
    case rejected
    case cancelled

    /// The label's value, which is also what producers push.
    package var name: StaticString {
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

/// A measured quantity of a request.
///
/// The raw value is the tag in records: it is never changed or used again.
package enum Measure: Int, Sendable, CaseIterable {
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
    /// Seconds that a language model read the prompt and wrote the rest of the answer.
    case stagePrefill, stageDecode
}

/// Something with which a batch's lists are filled: it belongs to a row.
protocol RowEntry {
    var row: UInt32 { get }
}

extension Observation: RowEntry {}
extension FeatureValue: RowEntry {}
extension NamedNumber: RowEntry {}
extension GroupTag: RowEntry {}
extension Prediction: RowEntry {}
extension RowText: RowEntry {}
extension InputError: RowEntry {}
extension RowName: RowEntry {}

/// One observation of a measure.
package struct Observation: Sendable, BitwiseCopyable {
    /// The row it belongs to.
    package let row: UInt32
    /// Finite; not negative.
    package let value: Double
    /// The number of requests with this value: 1 to 2^53.
    package let weight: UInt64

    package init(row: Int, value: Double, weight: UInt64) {
        self.row = UInt32(clamping: row)
        self.value = value
        self.weight = weight
    }
}

/// An input or an output of a model.
package struct Value: Sendable, BitwiseCopyable {
    package enum Kind: UInt8, Sendable, BitwiseCopyable {
        /// A finite number.
        case number
        /// A string; booleans are the strings `true` and `false`.
        case text
        /// One of the strings `NaN`, `Infinity`, `-Infinity`: not a finite number for a numeric
        /// feature, a category elsewhere.
        case notFiniteWord
        /// A number beyond the range of a double.
        case notFinite
        /// `null`.
        case missing
    }

    package let kind: Kind
    private let bits: UInt64

    private init(_ kind: Kind, bits: UInt64) {
        self.kind = kind
        self.bits = bits
    }

    package init(_ number: Double) { self.init(.number, bits: number.bitPattern) }

    package init(_ text: StringRef, isNotFinite: Bool = false) {
        self.init(
            isNotFinite ? .notFiniteWord : .text,
            bits: UInt64(text.offset) << 32 | UInt64(text.count))
    }

    package static let notFinite = Value(.notFinite, bits: 0)
    package static let missing = Value(.missing, bits: 0)

    /// The number of a `number`; 0 for the others.
    package var number: Double { kind == .number ? Double(bitPattern: bits) : 0 }

    /// The string of a `text` or `notFiniteWord`; empty for the others.
    package var text: StringRef {
        guard kind == .text || kind == .notFiniteWord else { return .empty }
        return StringRef(
            offset: UInt32(truncatingIfNeeded: bits >> 32), count: UInt32(truncatingIfNeeded: bits))
    }
}

/// A feature of one row.
package struct FeatureValue: Sendable, BitwiseCopyable {
    package let row: UInt32
    package let feature: Symbol
    package let value: Value
}

/// A named number of a row: a score by class, an attribution by feature.
package struct NamedNumber: Sendable, BitwiseCopyable {
    package let row: UInt32
    package let name: Symbol
    /// Finite.
    package let value: Double
}

/// The group of a facet that a row belongs to.
package struct GroupTag: Sendable, BitwiseCopyable {
    package let row: UInt32
    package let facet: Symbol
    package let group: Symbol
}

/// The model's output for a row.
package struct Prediction: Sendable, BitwiseCopyable {
    package let row: UInt32
    /// A number or a string.
    package let value: Value
}

/// A name of a row: its `finish_reason`.
package struct RowName: Sendable, BitwiseCopyable {
    package let row: UInt32
    package let name: Symbol
}

/// A string of a row: its `id` or its `trace_id`.
package struct RowText: Sendable, BitwiseCopyable {
    package let row: UInt32
    package let text: StringRef
}

/// Why an input is invalid: the label `reason` of `ml_input_validation_errors_total`.
package enum InputReason: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    case missing
    case type
    case outOfRange
    case unseenCategory
    case notFinite
    case missingColumn
    case extraColumn
    case invalidUTF8
    /// Any other reason.
    case custom

    package var name: StaticString {
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
package struct InputError: Sendable, BitwiseCopyable {
    package let row: UInt32
    package let feature: Symbol
    package let reason: InputReason
    /// Rows of the event's batch that have the error: 1 to its `batch_size`.
    package let rows: UInt32
}
