internal import CText
internal import Kernel

/// A regular expression in RE2's syntax, which Go's exporters use, matched anywhere in a text in time
/// linear in its length.
@safe
package final class Pattern: @unchecked Sendable {
    // RE2 objects are immutable; any thread may match.
    private let compiled: OpaquePointer

    /// Nil, with an error added, if the text is not a valid pattern.
    package init?(_ text: String, flag: String, errors: inout ValidationErrors) {
        var message = [CChar](repeating: 0, count: 256)
        let size = message.count
        guard let compiled = unsafe ctext_pattern_create(text, text.utf8.count, &message, size)
        else {
            let reason = String(terminated: message)
            errors.add("\(flag): \"\(text)\" is not a valid regular expression: \(reason)")
            return nil
        }
        unsafe self.compiled = compiled
    }

    deinit {
        unsafe ctext_pattern_destroy(compiled)
    }

    package func matches(_ text: Span<UInt8>) -> Bool {
        unsafe text.withUnsafeBufferPointer { bytes in
            unsafe ctext_pattern_matches(compiled, bytes.baseAddress, bytes.count)
        }
    }
}
