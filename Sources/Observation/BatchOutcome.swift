/// Why an event is refused: `code` in the answer, label `reason` of `ml_push_rejected_total`.
package enum RejectionCode: Int, Sendable, CaseIterable {
    case syntax
    case notAnObject
    case unknownType
    case missingField
    case duplicateKey
    case wrongType
    case badValue
    case badText
    case tooLong
    case tooMany
    case lengthMismatch
    case countMismatch
    case eventLimit
    case modelLimit
    case versionLimit
    case seriesLimit
    case labelNotAllowed
    case typeConflict

    package var name: StaticString {
        switch self {
        case .syntax: "syntax"
        case .notAnObject: "not_an_object"
        case .unknownType: "unknown_type"
        case .missingField: "missing_field"
        case .duplicateKey: "duplicate_key"
        case .wrongType: "wrong_type"
        case .badValue: "bad_value"
        case .badText: "bad_text"
        case .tooLong: "too_long"
        case .tooMany: "too_many"
        case .lengthMismatch: "length_mismatch"
        case .countMismatch: "count_mismatch"
        case .eventLimit: "event_limit"
        case .modelLimit: "model_limit"
        case .versionLimit: "version_limit"
        case .seriesLimit: "series_limit"
        case .labelNotAllowed: "label_not_allowed"
        case .typeConflict: "type_conflict"
        }
    }
}

/// The refused events of a push. First Intake, then Model write into it.
package struct BatchOutcome: Sendable {
    package struct Rejection: Sendable, Equatable {
        /// The event's index in the body, from 0.
        package let index: Int
        package let code: RejectionCode
        /// A sentence: which key, what was found, what would be right.
        package let detail: String
    }

    /// Rejections that an answer lists; further ones are only counted, which bounds the answer.
    package static let listedRejections = 20

    package private(set) var rejections: [Rejection] = []
    package private(set) var rejected = 0
    /// By `RejectionCode.rawValue`.
    package private(set) var byCode: InlineArray<18, UInt32> = InlineArray(repeating: 0)

    package init() {
        precondition(RejectionCode.allCases.count == byCode.count)
    }

    /// Counts a refused event. Called once per event at most. `detail` is evaluated only for
    /// rejections that are listed.
    package mutating func reject(
        _ index: Int, code: RejectionCode, detail: @autoclosure () -> String
    ) {
        rejected += 1
        byCode[code.rawValue] &+= 1
        if rejections.count < BatchOutcome.listedRejections {
            rejections.append(Rejection(index: index, code: code, detail: detail()))
        }
    }

    /// Rejections that are counted and not listed.
    package var omitted: Int { rejected - rejections.count }

    package mutating func removeAll() {
        rejections.removeAll(keepingCapacity: true)
        rejected = 0
        byCode = InlineArray(repeating: 0)
    }
}
