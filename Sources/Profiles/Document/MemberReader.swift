internal import Wire

/// Takes the members of an object one by one; one that is left over is an error.
struct MemberReader {
    /// The path of the object in the document, such as `columns[3].numerical`.
    let path: String
    /// The byte where the object starts.
    let offset: Int
    private var members: [String: JSONNode.Member]

    init(_ node: JSONNode, path: String) throws(OffsetError) {
        guard case .object(let members) = node.value else {
            throw OffsetError(
                offset: node.offset, sentence: "\(path): expected an object, found \(node.kind)")
        }
        self.path = path
        offset = node.offset
        self.members = Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0) })
    }

    /// The path of a member.
    func path(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    mutating func optional(_ name: String) -> JSONNode? {
        members.removeValue(forKey: name)?.value
    }

    mutating func required(_ name: String) throws(OffsetError) -> JSONNode {
        guard let node = optional(name) else { throw error("member \"\(name)\" is missing") }
        return node
    }

    /// Throws if there are members that were not read.
    func finish() throws(OffsetError) {
        if let extra = members.values.min(by: { $0.offset < $1.offset }) {
            throw OffsetError(
                offset: extra.offset, sentence: "\(path(Quoted.text(extra.name))): unknown member")
        }
    }

    /// An error about the object as a whole.
    func error(_ sentence: String) -> OffsetError {
        OffsetError(offset: offset, sentence: path.isEmpty ? sentence : "\(path): \(sentence)")
    }

    // MARK: Values of a kind

    mutating func string(_ name: String) throws(OffsetError) -> String {
        try MemberReader.string(try required(name), at: path(name))
    }

    mutating func number(_ name: String) throws(OffsetError) -> Double {
        try MemberReader.number(try required(name), at: path(name))
    }

    mutating func count(_ name: String) throws(OffsetError) -> Int {
        try MemberReader.count(try required(name), at: path(name))
    }

    mutating func counts(_ name: String) throws(OffsetError) -> [Int] {
        let path = path(name)
        return try MemberReader.array(try required(name), at: path) {
            (node, place) throws(OffsetError) in
            try MemberReader.count(node, at: place)
        }
    }

    mutating func numbers(_ name: String) throws(OffsetError) -> [Double] {
        let path = path(name)
        return try MemberReader.array(try required(name), at: path) {
            (node, place) throws(OffsetError) in
            try MemberReader.number(node, at: place)
        }
    }

    static func string(_ node: JSONNode, at path: String) throws(OffsetError) -> String {
        guard case .string(let text) = node.value else {
            throw OffsetError(
                offset: node.offset, sentence: "\(path): expected a string, found \(node.kind)")
        }
        return text
    }

    static func number(_ node: JSONNode, at path: String) throws(OffsetError) -> Double {
        guard case .number(let number) = node.value else {
            throw OffsetError(
                offset: node.offset, sentence: "\(path): expected a number, found \(node.kind)")
        }
        return number + 0.0
    }

    static func count(_ node: JSONNode, at path: String) throws(OffsetError) -> Int {
        let number = try number(node, at: path)
        guard let count = Int(exactly: number), count >= 0, count <= ProfileLimits.count else {
            throw OffsetError(
                offset: node.offset, sentence: "\(path): expected a whole number from 0 to 2^53")
        }
        return count
    }

    static func array<Element>(
        _ node: JSONNode, at path: String,
        element: (JSONNode, String) throws(OffsetError) -> Element
    ) throws(OffsetError) -> [Element] {
        guard case .array(let nodes) = node.value else {
            throw OffsetError(
                offset: node.offset, sentence: "\(path): expected an array, found \(node.kind)")
        }
        var elements: [Element] = []
        for (index, node) in nodes.enumerated() {
            elements.append(try element(node, "\(path)[\(index)]"))
        }
        return elements
    }

    static func dictionary<Value>(
        _ node: JSONNode, at path: String,
        value: (JSONNode, String) throws(OffsetError) -> Value
    ) throws(OffsetError) -> [String: Value] {
        guard case .object(let members) = node.value else {
            throw OffsetError(
                offset: node.offset, sentence: "\(path): expected an object, found \(node.kind)")
        }
        var values: [String: Value] = [:]
        for member in members {
            values[member.name] = try value(member.value, "\(path).\(member.name)")
        }
        return values
    }

    static func hashes(_ node: JSONNode, at path: String) throws(OffsetError) -> [UInt64] {
        let hashes = try array(node, at: path) { (node, place) throws(OffsetError) in
            guard let hash = Hexadecimal.value(try string(node, at: place)) else {
                throw OffsetError(
                    offset: node.offset,
                    sentence: "\(place): expected 16 lower-case hexadecimal digits")
            }
            return hash
        }
        if zip(hashes, hashes.dropFirst()).contains(where: { $0 >= $1 }) {
            throw OffsetError(offset: node.offset, sentence: "\(path): the hashes must ascend")
        }
        return hashes
    }
}
