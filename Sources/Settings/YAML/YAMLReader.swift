internal import CYAML
internal import Kernel

/// Reads one YAML document of mappings, sequences and scalars with libyaml. Anchors, aliases, tags and
/// further documents are errors: settings do not need them, and aliases let a short text expand to a
/// very long one.
@safe
package struct YAMLReader: ~Copyable {
    /// Largest text in bytes.
    package static let textLimit = 1 << 20
    /// Deepest nesting of mappings and sequences; bounds the recursion of `readNode`.
    package static let depthLimit = 16
    /// Largest number of mappings, sequences and scalars; bounds memory.
    package static let nodeLimit = 50_000

    /// Nil for a text without a document: empty, or only comments. Throws the first error.
    package static func read(_ text: Span<UInt8>) throws(YAMLError) -> YAMLNode? {
        guard text.count <= textLimit else {
            throw YAMLError(
                place: TextPlace(line: 1, column: 1),
                message: "file larger than \(textLimit) bytes")
        }
        return unsafe try text.withUnsafeBufferPointer { bytes throws(YAMLError) in
            var reader = unsafe YAMLReader(bytes)
            return try reader.readDocument()
        }
    }

    // Allocated, because libyaml keeps the parser's address.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private var nodes = 0

    /// An event of libyaml.
    private enum Event {
        case streamStart, streamEnd, documentStart, documentEnd
        case scalar(String, isPlain: Bool)
        case sequenceStart, sequenceEnd, mappingStart, mappingEnd
        case alias
    }

    private init(_ bytes: UnsafeBufferPointer<UInt8>) {
        unsafe parser = .allocate(capacity: 1)
        let isReady = unsafe yaml_parser_initialize(parser)
        precondition(isReady == 1, "out of memory")
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
    }

    // MARK: Nodes

    private mutating func readDocument() throws(YAMLError) -> YAMLNode? {
        var root: YAMLNode?
        while true {
            let (event, place) = try next()
            switch event {
            case .streamStart, .documentEnd: continue
            case .streamEnd: return root
            case .documentStart:
                if root != nil {
                    throw YAMLError(place: place, message: "more than one document")
                }
                let (first, place) = try next()
                root = try readNode(first, place: place, depth: 0)
            default: throw YAMLError(place: place, message: "expected a document")
            }
        }
    }

    private mutating func readNode(
        _ event: Event, place: TextPlace, depth: Int
    ) throws(YAMLError) -> YAMLNode {
        nodes += 1
        if nodes > YAMLReader.nodeLimit {
            throw YAMLError(place: place, message: "more than \(YAMLReader.nodeLimit) values")
        }
        if depth >= YAMLReader.depthLimit {
            throw YAMLError(
                place: place, message: "nested deeper than \(YAMLReader.depthLimit) levels")
        }
        switch event {
        case .scalar(let text, let isPlain): return .scalar(text, isPlain: isPlain, place)
        case .sequenceStart:
            var items: [YAMLNode] = []
            while true {
                let (event, itemPlace) = try next()
                if case .sequenceEnd = event { return .sequence(items, place) }
                items.append(try readNode(event, place: itemPlace, depth: depth + 1))
            }
        case .mappingStart: return .mapping(try readPairs(depth: depth), place)
        case .alias: throw YAMLError(place: place, message: "aliases are not supported")
        default: throw YAMLError(place: place, message: "expected a value")
        }
    }

    private mutating func readPairs(depth: Int) throws(YAMLError) -> [YAMLNode.Pair] {
        var pairs: [YAMLNode.Pair] = []
        var lines: [String: Int] = [:]
        while true {
            let (event, place) = try next()
            if case .mappingEnd = event { return pairs }
            guard case .scalar(let key, _) = event else {
                throw YAMLError(place: place, message: "a key must be a scalar")
            }
            if let line = lines.updateValue(place.line, forKey: key) {
                throw YAMLError(
                    place: place, message: "duplicate key \"\(key)\", first in line \(line)")
            }
            let (value, valuePlace) = try next()
            let node = try readNode(value, place: valuePlace, depth: depth + 1)
            pairs.append(YAMLNode.Pair(key: key, place: place, value: node))
        }
    }

    // MARK: Events

    private mutating func next() throws(YAMLError) -> (Event, TextPlace) {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { unsafe yaml_event_delete(&event) }
        let place = YAMLReader.place(unsafe event.start_mark)
        switch unsafe event.type {
        case YAML_STREAM_START_EVENT: return (.streamStart, place)
        case YAML_STREAM_END_EVENT: return (.streamEnd, place)
        case YAML_DOCUMENT_START_EVENT: return (.documentStart, place)
        case YAML_DOCUMENT_END_EVENT: return (.documentEnd, place)
        case YAML_ALIAS_EVENT: return (.alias, place)
        case YAML_SEQUENCE_END_EVENT: return (.sequenceEnd, place)
        case YAML_MAPPING_END_EVENT: return (.mappingEnd, place)
        case YAML_SEQUENCE_START_EVENT:
            let data = unsafe event.data.sequence_start
            try check(isBare: unsafe data.anchor == nil && data.tag == nil, place: place)
            return (.sequenceStart, place)
        case YAML_MAPPING_START_EVENT:
            let data = unsafe event.data.mapping_start
            try check(isBare: unsafe data.anchor == nil && data.tag == nil, place: place)
            return (.mappingStart, place)
        case YAML_SCALAR_EVENT:
            let data = unsafe event.data.scalar
            try check(isBare: unsafe data.anchor == nil && data.tag == nil, place: place)
            let text = unsafe Span(_unsafeStart: UnsafePointer(data.value), count: data.length)
                .string
            return (
                .scalar(text, isPlain: unsafe data.style == YAML_PLAIN_SCALAR_STYLE), place
            )
        default: throw YAMLError(place: place, message: "unexpected event")
        }
    }

    private func check(isBare: Bool, place: TextPlace) throws(YAMLError) {
        if !isBare { throw YAMLError(place: place, message: "anchors and tags are not supported") }
    }

    /// The error of libyaml's parser.
    private func failure() -> YAMLError {
        var message = "not valid YAML"
        if let problem = unsafe parser.pointee.problem { message = unsafe String(cString: problem) }
        if let context = unsafe parser.pointee.context {
            message = unsafe String(cString: context) + ", " + message
        }
        // An encoding error has no mark, only an offset.
        let place = YAMLReader.place(unsafe parser.pointee.problem_mark)
        if unsafe parser.pointee.error == YAML_READER_ERROR {
            message += " (byte \(unsafe parser.pointee.problem_offset))"
        }
        return YAMLError(place: place, message: message)
    }

    private static func place(_ mark: yaml_mark_t) -> TextPlace {
        TextPlace(
            line: Int(clamping: mark.line) &+ 1, column: Int(clamping: mark.column) &+ 1)
    }
}
