internal import Kernel

/// What is probably wrong with a body that is not JSON. Called for refused bodies only.
enum BodyDiagnosis {
    /// The cause that the first bytes show; nil if they could begin JSON.
    static func ofStart(_ body: Span<UInt8>) -> String? {
        guard body.count >= 2 else { return nil }
        switch (body[0], body[1]) {
        case (0x1F, 0x8B):
            return "the body is gzip: send it with Content-Encoding: gzip"
        case (0xFF, 0xFE), (0xFE, 0xFF), (0, 1...), (1..., 0):
            // A byte order mark, or an ASCII character with a NUL beside it.
            return "the body is UTF-16 or UTF-32: JSON must be UTF-8"
        case (0x28, 0xB5) where body.extracting(first: min(4, body.count)).equals(zstd):
            return "the body is zstd: send it as it is, or as gzip with Content-Encoding: gzip"
        case (0x78, 0x01), (0x78, 0x9C), (0x78, 0xDA):
            return "the body is zlib: send it as it is, or as gzip with Content-Encoding: gzip"
        default: return nil
        }
    }

    private static let zstd: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

    /// The cause that the text shows; nil if none is known.
    static func ofText(_ body: Span<UInt8>, form: EventDecoder.Form) -> String? {
        if form == .json, isLines(body) {
            return
                "the body has several JSON texts: send them with Content-Type: application/x-ndjson, or in one array"
        }
        return wrongWord(body)
    }

    /// Whether the body is one object per line, or objects one after the other.
    private static func isLines(_ body: Span<UInt8>) -> Bool {
        let text = body.trimmed
        guard !text.isEmpty, text[0] == UInt8(ascii: "{") else { return false }
        var depth = 0
        var isInString = false
        var index = 0
        while index < text.count {
            let byte = text[index]
            if isInString {
                if byte == UInt8(ascii: "\\") { index += 1 }
                if byte == UInt8(ascii: "\"") { isInString = false }
            } else if byte == UInt8(ascii: "\"") {
                isInString = true
            } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                depth += 1
            } else if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
                depth -= 1
                if depth == 0 {
                    let rest = text.extracting(droppingFirst: index + 1).trimmed
                    return !rest.isEmpty && rest[0] == UInt8(ascii: "{")
                }
            }
            index += 1
        }
        return false
    }

    /// Words of other languages that JSON does not have, outside of strings.
    private static let words: [(StaticString, StaticString)] = [
        ("-Infinity", "-Infinity is not JSON: send the string \"-Infinity\" for a feature"),
        ("Infinity", "Infinity is not JSON: send the string \"Infinity\" for a feature"),
        (
            "NaN",
            "NaN is not JSON: send null for a missing value, or the string \"NaN\" for a feature"
        ),
        (
            "nan",
            "nan is not JSON: send null for a missing value, or the string \"NaN\" for a feature"
        ),
        ("-inf", "-inf is not JSON: send the string \"-Infinity\" for a feature"),
        ("inf", "inf is not JSON: send the string \"Infinity\" for a feature"),
        ("None", "None is not JSON: send null"), ("undefined", "undefined is not JSON: send null"),
        ("True", "True is not JSON: send true"), ("False", "False is not JSON: send false"),
        ("'", "' does not quote a JSON string: use \""),
        ("//", "JSON has no comments"), ("/*", "JSON has no comments"),
    ]

    private static func wrongWord(_ body: Span<UInt8>) -> String? {
        var isInString = false
        var isInWord = false
        var index = 0
        while index < body.count {
            let byte = body[index]
            if isInString {
                if byte == UInt8(ascii: "\\") { index += 1 }
                if byte == UInt8(ascii: "\"") { isInString = false }
                index += 1
                continue
            }
            if byte == UInt8(ascii: "\"") {
                isInString = true
            } else if !isInWord, byte != UInt8(ascii: " "), byte != UInt8(ascii: ",") {
                let rest = body.extracting(droppingFirst: index)
                for (word, hint) in words where rest.starts(with: word) {
                    return "\(hint), near byte \(index)"
                }
            }
            isInWord = (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte >= 0x80
            index += 1
        }
        return nil
    }
}
