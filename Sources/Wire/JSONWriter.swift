/// Writes JSON (RFC 8259).
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func raw(_ text: StaticString) {
        unsafe bytes.append(
            contentsOf: UnsafeBufferPointer(
                start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    package mutating func number(_ value: Int) {
        bytes.append(contentsOf: String(value).utf8)
    }

    package mutating func number(_ value: UInt64) {
        bytes.append(contentsOf: String(value).utf8)
    }

    /// Seconds since 1970 with three decimals; negative times are written as 0.
    package mutating func seconds(_ value: Double) {
        let milliseconds = UInt64(max(0, min(value * 1000, 1e18)))
        number(milliseconds / 1000)
        let rest = String(milliseconds % 1000)
        bytes.append(UInt8(ascii: "."))
        bytes.append(contentsOf: String(repeating: "0", count: 3 - rest.utf8.count).utf8)
        bytes.append(contentsOf: rest.utf8)
    }

    package mutating func string(_ text: String) {
        JSONText.append(text, to: &bytes)
    }

    /// An object whose members another writer has written.
    package mutating func object(_ members: JSONWriter) {
        raw("{")
        bytes += members.bytes
        raw("}")
    }

    /// An array whose elements `write` writes.
    package mutating func array<Element>(
        _ elements: [Element], write: (Element, inout JSONWriter) -> Void
    ) {
        raw("[")
        for (index, element) in elements.enumerated() {
            if index > 0 { raw(",") }
            write(element, &self)
        }
        raw("]")
    }

    /// Writes the member `"error":{"code":...,"detail":...}`, the form of all errors of the push API.
    package mutating func error(_ code: String, detail: String) {
        raw("\"error\":{\"code\":")
        string(code)
        raw(",\"detail\":")
        string(detail)
        raw("}")
    }
}
