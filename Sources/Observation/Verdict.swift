/// Why an event is refused, as the answer and `ml_push_rejected_total` tell it.
public enum RejectionCode: Int, Sendable, CaseIterable {
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

    public var name: StaticString {
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
public struct Verdict: Sendable {
    public struct Rejection: Sendable, Equatable {
        /// The event's place in the body, from 0.
        public let index: Int
        public let code: RejectionCode
        /// A sentence for people.
        public let detail: String
    }

    /// Rejections that are told one by one; further ones are only counted.
    public static let toldRejections = 20

    public private(set) var rejections: [Rejection] = []
    public private(set) var rejected = 0
    /// By `RejectionCode.rawValue`.
    public private(set) var byCode: InlineArray<19, UInt32> = InlineArray(repeating: 0)

    public init() {
        precondition(RejectionCode.allCases.count == byCode.count)
    }

    /// Refuses one event, at most once each. `detail` is asked only while it would be told.
    public mutating func reject(
        _ index: Int, _ code: RejectionCode, _ detail: @autoclosure () -> String
    ) {
        rejected += 1
        byCode[code.rawValue] &+= 1
        if rejections.count < Verdict.toldRejections {
            rejections.append(Rejection(index: index, code: code, detail: detail()))
        }
    }

    public var omitted: Int { rejected - rejections.count }

    public mutating func removeAll() {
        rejections.removeAll(keepingCapacity: true)
        rejected = 0
        byCode = InlineArray(repeating: 0)
    }
}
