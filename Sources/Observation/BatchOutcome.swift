/// Why an event is refused, as the answer and `ml_push_rejected_total` tell it.
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
    case labelLimit
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
        case .labelLimit: "label_limit"
        case .labelNotAllowed: "label_not_allowed"
        case .typeConflict: "type_conflict"
        }
    }
}

/// What became of the events of a push. Intake and then Model write into it.
package struct BatchOutcome: Sendable {
    package struct Rejection: Sendable, Equatable {
        /// The event's place in the body, from 0.
        package let index: Int
        package let code: RejectionCode
        /// A sentence for people.
        package let detail: String
    }

    /// Rejections that are told one by one; further ones are only counted.
    package static let toldRejections = 20

    package private(set) var rejections: [Rejection] = []
    package private(set) var rejected = 0
    /// By `RejectionCode.rawValue`.
    package private(set) var byCode: InlineArray<19, UInt32> = InlineArray(repeating: 0)

    package init() {
        precondition(RejectionCode.allCases.count == byCode.count)
    }

    /// Refuses one event, at most once each. `detail` is asked only while it would be told.
    package mutating func reject(
        _ index: Int, code: RejectionCode, detail: @autoclosure () -> String
    ) {
        rejected += 1
        byCode[code.rawValue] &+= 1
        if rejections.count < BatchOutcome.toldRejections {
            rejections.append(Rejection(index: index, code: code, detail: detail()))
        }
    }

    package var omitted: Int { rejected - rejections.count }

    package mutating func removeAll() {
        rejections.removeAll(keepingCapacity: true)
        rejected = 0
        byCode = InlineArray(repeating: 0)
    }
}
