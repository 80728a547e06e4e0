internal import CText
internal import Wire

/// Writes JSON: the canonical form of RFC 8785, or a form for people with some line ends.
package enum CanonicalJSON {
    /// Members sorted by UTF-16, numbers as ECMAScript prints them, no white space.
    package static func bytes(_ node: JSONNode) -> [UInt8] {
        var out: [UInt8] = []
        write(node, isSorted: true, to: &out)
        return out
    }

    /// Members in their order, no white space.
    package static func compact(_ node: JSONNode) -> [UInt8] {
        var out: [UInt8] = []
        write(node, isSorted: false, to: &out)
        return out
    }

    /// A line for each member of an object, and for each element of the arrays among them.
    package static func lines(_ node: JSONNode) -> [UInt8] {
        guard case .object(let members) = node.value else { return compact(node) + [0x0A] }
        var out = Array("{\n".utf8)
        for (index, member) in members.enumerated() {
            out += Array("  ".utf8)
            JSONText.append(member.name, to: &out)
            out += Array(": ".utf8)
            if case .array(let elements) = member.value.value, !elements.isEmpty {
                out += Array("[\n".utf8)
                for (place, element) in elements.enumerated() {
                    out += Array("    ".utf8) + compact(element)
                    out += Array((place < elements.count - 1 ? ",\n" : "\n").utf8)
                }
                out += Array("  ]".utf8)
            } else {
                write(member.value, isSorted: false, to: &out)
            }
            out += Array((index < members.count - 1 ? ",\n" : "\n").utf8)
        }
        return out + Array("}\n".utf8)
    }

    private static func write(_ node: JSONNode, isSorted: Bool, to out: inout [UInt8]) {
        switch node.value {
        case .null: out += Array("null".utf8)
        case .boolean(let value): out += Array((value ? "true" : "false").utf8)
        case .number(let value): write(value, to: &out)
        case .string(let text): JSONText.append(text, to: &out)
        case .array(let elements):
            out.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                write(element, isSorted: isSorted, to: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .object(var members):
            if isSorted {
                members.sort { $0.name.utf16.lexicographicallyPrecedes($1.name.utf16) }
            }
            out.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                JSONText.append(member.name, to: &out)
                out.append(UInt8(ascii: ":"))
                write(member.value, isSorted: isSorted, to: &out)
            }
            out.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ number: Double, to out: inout [UInt8]) {
        precondition(number.isFinite)
        out += unsafe [UInt8](unsafeUninitializedCapacity: Int(ctext_number_capacity)) {
            target, count in
            count =
                unsafe target.baseAddress.map { unsafe ctext_ecmascript_number(number, $0) } ?? 0
        }
    }
}
