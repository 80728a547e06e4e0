internal import Kernel

/// Checks a request's header before anything acts on it: how the body is framed, or why the request
/// is rejected. libmicrohttpd 0.9.75 accepts requests that it must not.
///
/// The rules are those of RFC 9112 (3.2, 6.1, 6.3) on requests that two parsers could read in two
/// ways. A rejected request closes its connection, so bytes behind it are never read as a request.
struct RequestHeadValidator {
    /// How a request's body is framed.
    enum Framing: Equatable, Sendable {
        case empty
        case length(UInt64)
        case chunked
    }

    enum Verdict: Equatable, Sendable {
        case proceed(Framing, expectsContinue: Bool)
        /// Rejected with this status: 400, 501 or 505.
        case refuse(Int)
    }

    private var hostCount = 0
    private var lengthCount = 0
    private var encodingCount = 0
    private var length: UInt64?
    private var isHostValid = true
    private var isChunked = false
    private var isMalformed = false
    private var expectsContinue = false

    init() {}

    /// Adds one header. Call it once per header in the order of the request.
    mutating func add(_ name: Span<UInt8>, value: Span<UInt8>) {
        if !HTTPGrammar.isToken(name) || !HTTPGrammar.isValue(value) { isMalformed = true }
        switch name.count {
        case 4 where name.equalsIgnoringCase("host"):
            hostCount += 1
            isHostValid = HTTPGrammar.isHost(value.trimmed)
        case 6 where name.equalsIgnoringCase("expect"):
            expectsContinue = value.trimmed.equalsIgnoringCase("100-continue")
        case 14 where name.equalsIgnoringCase("content-length"):
            lengthCount += 1
            length = RequestHeadValidator.length(value.trimmed)
        case 17 where name.equalsIgnoringCase("transfer-encoding"):
            encodingCount += 1
            isChunked = value.equalsIgnoringCase("chunked")
        default: break
        }
    }

    /// Adds a header line that is folded (RFC 9112, 5.2): such a request is rejected.
    mutating func addFoldedLine() {
        isMalformed = true
    }

    /// The verdict after all headers were added.
    func outcome(method: Span<UInt8>, version: Span<UInt8>) -> Verdict {
        guard version.count == 8, version.starts(with: "HTTP/1."), version[7] >= 0x30,
            version[7] <= 0x39
        else { return .refuse(505) }
        let isHTTP10 = version[7] == UInt8(ascii: "0")
        if isMalformed || !HTTPGrammar.isToken(method) { return .refuse(400) }
        if hostCount > 1 || (hostCount == 0 && !isHTTP10) || !isHostValid { return .refuse(400) }
        if lengthCount > 1 || encodingCount > 1 || (lengthCount > 0 && encodingCount > 0) {
            return .refuse(400)
        }
        if encodingCount == 1 {
            if isHTTP10 { return .refuse(400) }
            if !isChunked { return .refuse(501) }
            return .proceed(.chunked, expectsContinue: expectsContinue)
        }
        if lengthCount == 0 { return .proceed(.empty, expectsContinue: false) }
        guard let length else { return .refuse(400) }
        if length == 0 { return .proceed(.empty, expectsContinue: false) }
        return .proceed(.length(length), expectsContinue: expectsContinue && !isHTTP10)
    }

    /// The same for headers at hand.
    static func outcome(
        method: String, version: String, headers: [(String, String)]
    ) -> Verdict {
        var validator = RequestHeadValidator()
        for (name, value) in headers {
            validator.add(Array(name.utf8).span, value: Array(value.utf8).span)
        }
        return validator.outcome(method: Array(method.utf8).span, version: Array(version.utf8).span)
    }

    private static func length(_ text: Span<UInt8>) -> UInt64? {
        for index in text.indices where text[index] < 0x30 || text[index] > 0x39 { return nil }
        var cursor = Cursor(text)
        return cursor.number()
    }
}
