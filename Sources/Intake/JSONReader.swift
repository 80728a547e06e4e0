internal import CText
internal import Kernel

/// Reads a JSON text one element at a time (simdjson).
///
/// The text must not change while it is read, and `JSONReader.padding` bytes after it must be
/// readable: simdjson loads whole vectors.
@safe
struct JSONReader: ~Copyable {
    /// The result of `next`.
    enum Step {
        case element
        case end
        case failure
    }

    static let padding = Int(ctext_json_padding)

    private let parser: UnsafeMutablePointer<ctext_json>

    /// An element can have at most `tokenLimit` values and keys.
    init(tokenLimit: Int) {
        guard let parser = unsafe ctext_json_create(tokenLimit) else {
            preconditionFailure("no memory for a parser")
        }
        unsafe self.parser = parser
    }

    deinit {
        unsafe ctext_json_destroy(parser)
    }

    /// Returns whether the text begins as an object, which is its own only element, or an array.
    mutating func open(_ text: Span<UInt8>) -> Bool {
        unsafe text.withUnsafeBufferPointer { bytes in
            unsafe ctext_json_open(parser, bytes.baseAddress, bytes.count)
        }
    }

    /// The memory that reading a text may take besides the text, at most: simdjson keeps 4 bytes for each
    /// place where a value, a key or a structural character begins, and there is a token for each value
    /// and key.
    static func workingBytes(_ text: Span<UInt8>, tokenLimit: Int) -> Int {
        let structures = unsafe text.withUnsafeBufferPointer { bytes in
            unsafe ctext_json_structures(bytes.baseAddress, bytes.count)
        }
        return 8 * structures
            + MemoryLayout<ctext_json_token>.stride * min(structures + 1, tokenLimit)
    }

    var isArray: Bool { unsafe ctext_json_is_array(parser) }

    mutating func next() -> Step {
        switch unsafe ctext_json_next(parser) {
        case 1: .element
        case 0: .end
        default: .failure
        }
    }

    /// The element that the last `next` found.
    var element: JSONValue {
        @_lifetime(borrow self)
        get {
            let tokens = unsafe UnsafeBufferPointer(
                start: parser.pointee.tokens, count: parser.pointee.token_count)
            return unsafe _overrideLifetime(
                JSONValue(Span(_unsafeElements: tokens)), borrowing: self)
        }
    }

    /// Tokens of the element.
    var tokenCount: Int { unsafe parser.pointee.token_count }

    /// The parser's error: a sentence without its full stop, with the offset of the byte if known.
    var failure: String {
        let text = unsafe parser.pointee.error.map { unsafe String(cString: $0) } ?? "not JSON"
        let offset = unsafe parser.pointee.error_offset
        return offset == Int(bitPattern: UInt.max) ? text : "\(text), near byte \(offset)"
    }

    /// Bytes of memory that are kept from text to text, about.
    var keptBytes: Int { unsafe parser.pointee.kept_bytes }
}

/// An element of a JSON text as a row of tokens. A position is the index of a value's first token;
/// the element's own is 0.
struct JSONValue: ~Escapable {
    enum Kind: UInt32 {
        case object = 1
        case array, key, string, badString, number, largeNumber, yes, no, null
    }

    private let tokens: Span<ctext_json_token>

    @_lifetime(copy tokens)
    fileprivate init(_ tokens: Span<ctext_json_token>) {
        self.tokens = tokens
    }

    @inline(__always)
    func kind(_ position: Int) -> Kind {
        Kind(rawValue: tokens[position].kind) ?? .null
    }

    /// Members of an object, elements of an array, bytes of a string.
    @inline(__always)
    func count(_ position: Int) -> Int { Int(tokens[position].count) }

    /// The number of a number.
    @inline(__always)
    func number(_ position: Int) -> Double { Double(bitPattern: tokens[position].bits) }

    /// The position after a value.
    @inline(__always)
    func end(_ position: Int) -> Int {
        switch kind(position) {
        case .object, .array: Int(truncatingIfNeeded: tokens[position].bits)
        default: position &+ 1
        }
    }

    /// The text of a string or a key.
    @inline(__always)
    @_lifetime(copy self)
    func text(_ position: Int) -> Span<UInt8> {
        let token = tokens[position]
        let bytes = unsafe UnsafeBufferPointer(
            start: UnsafePointer<UInt8>(bitPattern: UInt(truncatingIfNeeded: token.bits)),
            count: Int(token.count))
        return unsafe _overrideLifetime(Span(_unsafeElements: bytes), copying: self)
    }
}
