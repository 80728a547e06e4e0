internal import Glibc

/// What the kernel, a file or a device did not give: what was asked, which system call failed, and
/// why in words.
package struct KernelError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A path, an address or the name of the call.
    package let subject: String
    /// The `errno` of the failed system call; 0 if no call failed.
    package let code: Int32
    private let words: String?

    /// A failed system call.
    package init(_ code: Int32, subject: String) {
        self.subject = subject
        self.code = code
        words = nil
    }

    /// A subject that no system call rejected, such as a file with other contents than documented.
    package init(_ detail: String, subject: String) {
        self.subject = subject
        code = 0
        words = detail
    }

    /// The error of the last failed call of this thread.
    package static func last(_ subject: String) -> KernelError {
        KernelError(errno, subject: subject)
    }

    /// The subject was read and does not have its documented form.
    package static func malformed(_ subject: String) -> KernelError {
        KernelError("not in its documented form", subject: subject)
    }

    /// The subject did not answer in time.
    package static func timedOut(_ subject: String) -> KernelError {
        KernelError("no answer in time", subject: subject)
    }

    /// Whether the machine lacks the subject: hardware, a kernel module or a file.
    package var isAbsence: Bool {
        code == ENOENT || code == ENODEV || code == ENXIO || code == ENOTDIR
    }

    /// Why, in words.
    package var detail: String {
        if let words { return words }
        var text = [CChar](repeating: 0, count: 128)
        unsafe strerror_r(code, &text, text.count)
        return String(terminated: text)
    }

    package var description: String { "\(subject): \(detail)" }

    /// The same failure of another subject.
    package func about(_ subject: String) -> KernelError {
        words.map { KernelError($0, subject: subject) } ?? KernelError(code, subject: subject)
    }
}
