internal import Kernel

/// What libmicrohttpd 0.9.75 lets through and we do not: it looks at a request's header before
/// anything acts on it and says once how the body is framed or why the request is refused.
///
/// The rules are those of RFC 9112 (3.2, 6.1, 6.3) on requests that two parsers could read in two
/// ways. A refused request ends its connection, so nothing behind it is ever served.
struct RequestHeadValidator {
    /// How a request's body is framed.
    enum Framing: Equatable, Sendable {
        case empty
        case length(UInt64)
        case chunked
    }

    enum Verdict: Equatable, Sendable {
        case proceed(Framing, expectsContinue: Bool)
        /// The status of the refusal: 400, 501 or 505.
        case refuse(Int)
    }

    private var hosts = 0
    private var lengths = 0
    private var encodings = 0
    private var length: UInt64?
    private var isHostValid = true
    private var isChunked = false
    private var isMalformed = false
    private var expectsContinue = false

    init() {}

    /// Takes note of one header, in the order in which they came.
    mutating func see(_ name: Span<UInt8>, value: Span<UInt8>) {
        if !HTTPGrammar.isToken(name) || !HTTPGrammar.isValue(value) { isMalformed = true }
        switch name.count {
        case 4 where name.equalsIgnoringCase("host"):
            hosts += 1
            isHostValid = HTTPGrammar.isHost(value.trimmed)
        case 6 where name.equalsIgnoringCase("expect"):
            expectsContinue = value.trimmed.equalsIgnoringCase("100-continue")
        case 14 where name.equalsIgnoringCase("content-length"):
            lengths += 1
            length = RequestHeadValidator.length(value.trimmed)
        case 17 where name.equalsIgnoringCase("transfer-encoding"):
            encodings += 1
            isChunked = value.equalsIgnoringCase("chunked")
        default: break
        }
    }

    /// Takes note of a header line that goes on in the next one (RFC 9112, 5.2).
    mutating func seeFolding() {
        isMalformed = true
    }

    /// What becomes of the request whose headers were all seen.
    func outcome(method: Span<UInt8>, version: Span<UInt8>) -> Verdict {
        guard version.count == 8, version.starts(with: "HTTP/1."), version[7] >= 0x30,
            version[7] <= 0x39
        else { return .refuse(505) }
        let isOld = version[7] == UInt8(ascii: "0")
        if isMalformed || !HTTPGrammar.isToken(method) { return .refuse(400) }
        if hosts > 1 || (hosts == 0 && !isOld) || !isHostValid { return .refuse(400) }
        if lengths > 1 || encodings > 1 || (lengths > 0 && encodings > 0) { return .refuse(400) }
        if encodings == 1 {
            if isOld { return .refuse(400) }
            if !isChunked { return .refuse(501) }
            return .proceed(.chunked, expectsContinue: expectsContinue)
        }
        if lengths == 0 { return .proceed(.empty, expectsContinue: false) }
        guard let length else { return .refuse(400) }
        if length == 0 { return .proceed(.empty, expectsContinue: false) }
        return .proceed(.length(length), expectsContinue: expectsContinue && !isOld)
    }

    /// The same for headers at hand.
    static func outcome(
        method: String, version: String, headers: [(String, String)]
    ) -> Verdict {
        var validator = RequestHeadValidator()
        for (name, value) in headers {
            validator.see(Array(name.utf8).span, value: Array(value.utf8).span)
        }
        return validator.outcome(method: Array(method.utf8).span, version: Array(version.utf8).span)
    }

    private static func length(_ text: Span<UInt8>) -> UInt64? {
        for index in text.indices where text[index] < 0x30 || text[index] > 0x39 { return nil }
        var cursor = Cursor(text)
        return cursor.number()
    }
}
