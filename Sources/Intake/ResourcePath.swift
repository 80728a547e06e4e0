internal import Kernel
internal import Wire

/// The path of a thing below `/v1`: names of collections and of things in turns,
/// `/v1/models/fraud/versions/3`. A collection's name may have the suffix `@base64`: then the name
/// of the thing is base64url, as for names with a slash.
package struct ResourcePath: Sendable, Equatable {
    package private(set) var parts: [(collection: String, name: String)] = []

    package static func == (one: ResourcePath, other: ResourcePath) -> Bool {
        one.parts.elementsEqual(other.parts) {
            $0.collection == $1.collection && $0.name == $1.name
        }
    }

    /// Nil if a name is missing, is not UTF-8, or is not valid base64 although the path declares it.
    package init?(_ rawPath: Span<UInt8>) {
        guard rawPath.starts(with: "/v1/") else { return nil }
        var rest = Cursor(rawPath.extracting(droppingFirst: 4))
        repeat {
            let collection = rest.part(endedBy: UInt8(ascii: "/"))
            let name = rest.part(endedBy: UInt8(ascii: "/"))
            guard !collection.isEmpty, !name.isEmpty else { return nil }
            let suffix = collection.offset(of: UInt8(ascii: "@")) ?? collection.count
            let isBase64 = suffix < collection.count
            if isBase64, !collection.extracting(droppingFirst: suffix).equals("@base64") {
                return nil
            }
            guard
                let bytes = isBase64
                    ? try? Base64URL.decode(name) : PercentEncoding.decoded(name), !bytes.isEmpty
            else { return nil }
            let text = String(decoding: bytes, as: UTF8.self)
            guard text.utf8.elementsEqual(bytes) else { return nil }
            parts.append((collection.extracting(first: suffix).string, text))
        } while !rest.isAtEnd
    }
}
