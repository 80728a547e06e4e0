package import Exposition
internal import Kernel
internal import Wire

/// The path of a group: `/metrics/job/JOB{/LABEL/VALUE}`, where `job` and labels may have the suffix
/// `@base64` for values in base64url.
package enum GroupPath: Equatable, Sendable {
    case group(GroupingKey)
    /// Another spelling of this path is meant; the status is that of Pushgateway's router.
    case redirect(String, status: Int)
    /// Such a path is no group's.
    case unknown
    /// Why the path is no group's, for a client that meant one.
    case refused(String)

    /// `path` is decoded once, without the query. Sentences are those of Pushgateway's users.
    package init(_ path: Span<UInt8>, limits: LabelLimits) {
        if let clean = GroupPath.cleaned(path) {
            self = .redirect(clean, status: 301)
            return
        }
        var rest = Cursor(path)
        guard rest.take("/metrics/job") else {
            self = .unknown
            return
        }
        let isBase64 = rest.take("@base64")
        guard rest.take("/") else {
            self = .unknown
            return
        }
        if rest.isAtEnd {
            let stem = path.extracting(first: path.count - 1).string
            self = .redirect(stem, status: 307)
            return
        }
        do throws(Mistake) {
            self = .group(try GroupPath.key(&rest, isBase64: isBase64, limits: limits))
        } catch {
            self = .refused(error.sentence)
        }
    }

    private struct Mistake: Error {
        let sentence: String
    }

    private static func key(
        _ rest: inout Cursor, isBase64: Bool, limits: LabelLimits
    ) throws(Mistake) -> GroupingKey {
        var job = rest.part(endedBy: 0x2F).copied
        if isBase64 {
            do throws(Base64URL.DecodingError) {
                job = try Base64URL.decode(job.span)
            } catch {
                throw Mistake(
                    sentence:
                        "invalid base64 encoding in job name \(Quoted.text(job.span)): illegal base64 data at input byte \(error.offset)"
                )
            }
        }
        var labels = try GroupPath.labels(rest.rest)
        if job.isEmpty { throw Mistake(sentence: "job name is required") }
        labels.append(("job", job))
        guard labels.count < limits.labels else {
            throw Mistake(
                sentence: "\(labels.count) labels in the path, more than \(limits.labels - 1)")
        }
        var pairs: [(name: String, value: String)] = []
        for (name, value) in labels {
            guard Quoted.isUTF8(value.span) else {
                throw Mistake(sentence: "the value of label \(Quoted.text(name)) is not UTF-8")
            }
            guard name.utf8.count <= limits.nameBytes, value.count <= limits.valueBytes else {
                throw Mistake(
                    sentence:
                        "label \(Quoted.text(name)) is too long: at most \(limits.nameBytes) bytes of name and \(limits.valueBytes) of value"
                )
            }
            pairs.append((name, value.span.string))
        }
        return GroupingKey(pairs)
    }

    /// The labels of `LABEL/VALUE/LABEL/VALUE`, each value decoded.
    private static func labels(
        _ text: Span<UInt8>
    ) throws(Mistake) -> [(name: String, value: [UInt8])] {
        if text.isEmpty { return [] }
        var components: [[UInt8]] = []
        var start = 0
        for index in 0...text.count where index == text.count || text[index] == 0x2F {
            components.append(text.extracting(start..<index).copied)
            start = index + 1
        }
        guard components.count % 2 == 0 else {
            let shown = Quoted.text(([0x2F] + text.copied).span)
            throw Mistake(sentence: "odd number of components in label string \(shown)")
        }
        var labels: [(name: String, value: [UInt8])] = []
        for index in stride(from: 0, to: components.count, by: 2) {
            labels.append(try label(components[index], value: components[index + 1]))
        }
        return labels
    }

    private static func label(
        _ name: [UInt8], value: [UInt8]
    ) throws(Mistake) -> (name: String, value: [UInt8]) {
        let suffix = Array("@base64".utf8)
        let isBase64 = name.count >= suffix.count && name.suffix(suffix.count) == suffix[...]
        let trimmed = isBase64 ? Array(name.dropLast(suffix.count)) : name
        let bytes = trimmed.span
        guard bytes.isClientLabelName else {
            throw Mistake(sentence: "improper label name \(Quoted.text(bytes))")
        }
        if !isBase64 { return (bytes.string, value) }
        do throws(Base64URL.DecodingError) {
            return (bytes.string, try Base64URL.decode(value.span))
        } catch {
            throw Mistake(
                sentence:
                    "invalid base64 encoding for label \(bytes.string)=\(Quoted.text(value.span)): illegal base64 data at input byte \(error.offset)"
            )
        }
    }

    /// The path without empty, `.` and `..` segments, escaped for a Location header; nil when it has none.
    private static func cleaned(_ path: Span<UInt8>) -> String? {
        var segments: [[UInt8]] = []
        var isClean = true
        var start = 1
        for index in 1..<max(path.count, 1) + 1 {
            guard index >= path.count || path[index] == 0x2F else { continue }
            if start > path.count { break }
            let segment = path.extracting(min(start, path.count)..<min(index, path.count))
            let isLast = index >= path.count
            if segment.equals(".") || segment.equals("..") || (segment.isEmpty && !isLast) {
                isClean = false
                if segment.equals("..") { _ = segments.popLast() }
                if isLast { segments.append([]) }
            } else {
                segments.append(segment.copied)
            }
            start = index + 1
        }
        if isClean { return nil }
        var clean = ""
        for segment in segments {
            clean += "/"
            for byte in segment { clean += escaped(byte) }
        }
        return clean
    }

    private static func escaped(_ byte: UInt8) -> String {
        switch byte {
        case 0x30...0x39, 0x40...0x5A, 0x61...0x7A: String(UnicodeScalar(byte))
        case 0x24, 0x26, 0x2B, 0x2C, 0x2D, 0x2E, 0x3A, 0x3B, 0x3D, 0x5F, 0x7E:
            String(UnicodeScalar(byte))
        default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
    }
}
