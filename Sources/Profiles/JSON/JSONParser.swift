internal import CText
internal import Kernel

/// Reads one JSON text (RFC 8259) into nodes that know their place.
package struct JSONParser: ~Escapable {
    /// How deep arrays and objects may be nested.
    package static let depthLimit = 32

    private let text: Span<UInt8>
    private var at = 0
    private var depth = 0

    @_lifetime(copy text)
    private init(_ text: Span<UInt8>) {
        self.text = text
    }

    /// Reads a text that is one value from end to end.
    package static func parse(_ text: Span<UInt8>) throws(OffsetError) -> JSONNode {
        let valid = unsafe text.withUnsafeBufferPointer { bytes in
            unsafe ctext_utf8_prefix(bytes.baseAddress, bytes.count)
        }
        if valid < text.count { throw OffsetError(offset: valid, sentence: "invalid UTF-8") }
        var parser = JSONParser(text)
        parser.skipBlanks()
        if parser.at == text.count {
            throw OffsetError(offset: parser.at, sentence: "the text is empty")
        }
        let node = try parser.value()
        parser.skipBlanks()
        if parser.at < text.count {
            throw OffsetError(offset: parser.at, sentence: "unexpected text after the JSON value")
        }
        return node
    }

    // MARK: Values

    @_lifetime(self: copy self)
    private mutating func value() throws(OffsetError) -> JSONNode {
        skipBlanks()
        let start = at
        switch peek {
        case UInt8(ascii: "{"): return JSONNode(.object(try members()), offset: start)
        case UInt8(ascii: "["): return JSONNode(.array(try elements()), offset: start)
        case UInt8(ascii: "\""): return JSONNode(.string(try string()), offset: start)
        case let byte? where byte == UInt8(ascii: "-") || byte &- 0x30 <= 9:
            return JSONNode(.number(try number()), offset: start)
        case nil:
            throw OffsetError(offset: at, sentence: "the text ends where a value should follow")
        default: break
        }
        if take("null") { return JSONNode(.null, offset: start) }
        if take("true") { return JSONNode(.boolean(true), offset: start) }
        if take("false") { return JSONNode(.boolean(false), offset: start) }
        for name in ["NaN", "Infinity", "nan", "inf"] where starts(with: name) {
            throw OffsetError(
                offset: start, sentence: "\(name) is not JSON; numbers must be finite")
        }
        throw OffsetError(offset: start, sentence: "not a JSON value")
    }

    @_lifetime(self: copy self)
    private mutating func members() throws(OffsetError) -> [JSONNode.Member] {
        try enter()
        var members: [JSONNode.Member] = []
        var names: Set<String> = []
        skipBlanks()
        if takeByte("}") { return leave(members) }
        while true {
            skipBlanks()
            let start = at
            guard peek == UInt8(ascii: "\"") else {
                throw OffsetError(offset: at, sentence: "expected a member name in quotes")
            }
            let name = try string()
            if !names.insert(name).inserted {
                throw OffsetError(
                    offset: start, sentence: "member \(Quoted.text(name)) occurs twice")
            }
            skipBlanks()
            if !takeByte(":") {
                throw OffsetError(offset: at, sentence: "expected ':' after a member name")
            }
            members.append(JSONNode.Member(name, offset: start, value: try value()))
            skipBlanks()
            if takeByte("}") { return leave(members) }
            if !takeByte(",") {
                throw OffsetError(offset: at, sentence: "expected ',' or '}' after a member")
            }
        }
    }

    @_lifetime(self: copy self)
    private mutating func elements() throws(OffsetError) -> [JSONNode] {
        try enter()
        var elements: [JSONNode] = []
        skipBlanks()
        if takeByte("]") { return leave(elements) }
        while true {
            elements.append(try value())
            skipBlanks()
            if takeByte("]") { return leave(elements) }
            if !takeByte(",") {
                throw OffsetError(offset: at, sentence: "expected ',' or ']' after an element")
            }
        }
    }

    @_lifetime(self: copy self)
    private mutating func enter() throws(OffsetError) {
        depth += 1
        if depth > JSONParser.depthLimit {
            throw OffsetError(
                offset: at, sentence: "nested more than \(JSONParser.depthLimit) deep")
        }
        at += 1
    }

    @_lifetime(self: copy self)
    private mutating func leave<Result>(_ result: Result) -> Result {
        depth -= 1
        return result
    }

    @_lifetime(self: copy self)
    private mutating func number() throws(OffsetError) -> Double {
        let start = at
        _ = takeByte("-")
        let whole = at
        let digits = skipDigits()
        var isNumber = digits > 0 && (digits == 1 || text[whole] != UInt8(ascii: "0"))
        if takeByte(".") { isNumber = skipDigits() > 0 && isNumber }
        if takeByte("e") || takeByte("E") {
            if !takeByte("+") { _ = takeByte("-") }
            isNumber = skipDigits() > 0 && isNumber
        }
        guard isNumber, let value = NumberText.value(text.extracting(start..<at)) else {
            throw OffsetError(offset: start, sentence: "not a JSON number")
        }
        if !value.isFinite {
            throw OffsetError(offset: start, sentence: "the number does not fit a double")
        }
        return value
    }

    @_lifetime(self: copy self)
    private mutating func skipDigits() -> Int {
        let start = at
        while let byte = peek, byte &- 0x30 <= 9 { at += 1 }
        return at - start
    }

    // MARK: Strings

    @_lifetime(self: copy self)
    private mutating func string() throws(OffsetError) -> String {
        let start = at
        at += 1
        let first = at
        while let byte = peek, byte != 0x22, byte != 0x5C, byte >= 0x20 { at += 1 }
        if peek == 0x22 {
            at += 1
            return text.extracting(first..<at - 1).string
        }
        var bytes = text.extracting(first..<at).copied
        while let byte = peek {
            if byte == 0x22 {
                at += 1
                return String(decoding: bytes, as: UTF8.self)
            }
            if byte < 0x20 {
                throw OffsetError(offset: at, sentence: "a control character must be escaped")
            }
            if byte == 0x5C {
                try escape(into: &bytes)
            } else {
                bytes.append(byte)
                at += 1
            }
        }
        throw OffsetError(offset: start, sentence: "the string does not end")
    }

    @_lifetime(self: copy self)
    private mutating func escape(into bytes: inout [UInt8]) throws(OffsetError) {
        let start = at
        at += 1
        let kind = peek ?? 0
        at += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(kind)
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"):
            var code = try fourDigits(start)
            if code >> 10 == 0x36, takeByte("\\"), takeByte("u") {
                let low = try fourDigits(start)
                if low >> 10 == 0x37 { code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF }
            }
            guard let scalar = Unicode.Scalar(code) else {
                throw OffsetError(offset: start, sentence: "an escaped surrogate stands alone")
            }
            bytes.append(contentsOf: String(Character(scalar)).utf8)
        default: throw OffsetError(offset: start, sentence: "unknown escape in a string")
        }
    }

    @_lifetime(self: copy self)
    private mutating func fourDigits(_ start: Int) throws(OffsetError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = peek?.hexadecimalValue else {
                throw OffsetError(offset: start, sentence: "\\u needs four hexadecimal digits")
            }
            code = code << 4 | UInt32(digit)
            at += 1
        }
        return code
    }

    // MARK: Bytes

    private var peek: UInt8? { at < text.count ? text[at] : nil }

    @_lifetime(self: copy self)
    private mutating func skipBlanks() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            at += 1
        }
    }

    @_lifetime(self: copy self)
    private mutating func takeByte(_ byte: Unicode.Scalar) -> Bool {
        if peek != UInt8(ascii: byte) { return false }
        at += 1
        return true
    }

    private func starts(with name: String) -> Bool {
        let bytes = Array(name.utf8)
        return text.count - at >= bytes.count
            && text.extracting(at..<at + bytes.count).equals(bytes)
    }

    @_lifetime(self: copy self)
    private mutating func take(_ name: String) -> Bool {
        if !starts(with: name) { return false }
        at += name.utf8.count
        return true
    }
}
