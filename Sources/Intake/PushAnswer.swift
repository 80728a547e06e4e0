internal import Kernel
internal import Observation
internal import Wire

/// An answer to a push of events: a status and a JSON object, or a shared constant.
package enum PushAnswer: Sendable, Equatable {
    /// 200: the one event that there was is applied.
    case one
    /// Any other answer.
    case json(status: Int, [UInt8])

    package var status: Int {
        switch self {
        case .one: 200
        case .json(let status, _): status
        }
    }

    /// The body of `one`.
    package static let oneBody: StaticString = "{\"accepted\":1,\"rejected\":0,\"errors\":[]}\n"

    /// An error of the whole request.
    package static func error(_ status: Int, code: String, detail: String) -> PushAnswer {
        .json(status: status, errorBody(code, detail: detail))
    }

    /// The body of an error, as all below `/v1` have it.
    package static func errorBody(_ code: String, detail: String) -> [UInt8] {
        var text = JSONWriter()
        text.raw("{")
        text.error(code, detail: detail)
        text.raw("}\n")
        return text.bytes
    }

    static let duplicate: PushAnswer = {
        var text = JSONWriter()
        text.raw("{\"accepted\":0,\"rejected\":0,\"errors\":[],\"duplicate\":true}\n")
        return .json(status: 200, text.bytes)
    }()

    /// The response to a body that does not match its content type or encoding.
    static func unreadable(_ code: String, detail: String) -> PushAnswer {
        var text = JSONWriter()
        text.raw("{")
        text.error(code, detail: detail)
        text.raw(",\"accepted\":0,\"rejected\":0,\"errors\":[]}\n")
        return .json(status: 400, text.bytes)
    }

    /// What became of `items` events.
    static func events(
        _ items: Int, outcome: BatchOutcome, ignored: [IgnoredInput.Field] = []
    ) -> PushAnswer {
        let accepted = items - outcome.rejected
        if accepted == 1, outcome.rejected == 0, ignored.isEmpty { return .one }
        let isUseless = accepted == 0 && items > 0
        var text = JSONWriter()
        text.raw("{")
        if isUseless {
            text.error("every_event_refused", detail: "no event could be used; errors say why")
            text.raw(",")
        }
        text.raw("\"accepted\":")
        text.number(accepted)
        text.raw(",\"rejected\":")
        text.number(outcome.rejected)
        text.raw(",\"errors\":[")
        for (index, rejection) in outcome.rejections.enumerated() {
            text.raw(index == 0 ? "{\"index\":" : ",{\"index\":")
            text.number(rejection.index)
            text.raw(",\"code\":\"")
            text.raw(rejection.code.name)
            text.raw("\",\"detail\":")
            text.string(rejection.detail)
            text.raw("}")
        }
        text.raw("]")
        if outcome.omitted > 0 {
            text.raw(",\"errors_omitted\":")
            text.number(outcome.omitted)
        }
        write(ignored, to: &text)
        text.raw("}\n")
        return .json(status: isUseless ? 400 : 200, text.bytes)
    }

    /// Writes the unknown keys, and the keys that were probably meant by key.
    private static func write(_ ignored: [IgnoredInput.Field], to text: inout JSONWriter) {
        if ignored.isEmpty { return }
        text.raw(",\"ignored\":[")
        for (index, field) in ignored.enumerated() {
            if index > 0 { text.raw(",") }
            text.string(field.key)
        }
        text.raw("]")
        let suggested = ignored.filter { !$0.suggestion.isEmpty }
        if suggested.isEmpty { return }
        text.raw(",\"suggestions\":{")
        for (index, field) in suggested.enumerated() {
            if index > 0 { text.raw(",") }
            text.string(field.key)
            text.raw(":")
            text.string(field.suggestion)
        }
        text.raw("}")
    }
}

extension PushAnswer {
    /// The answer to a push that needs more memory than there is for pushes.
    init(_ shortage: ByteShortage) {
        switch shortage {
        case .busy(let limit):
            self = .error(
                503, code: "memory_limit",
                detail: "all pushes together take \(limit) bytes of memory, the limit; try again")
        case .tooLarge(let limit):
            self = .error(
                413, code: "body_too_large",
                detail: "the push takes more than \(limit) bytes of memory while it is read")
        }
    }
}
