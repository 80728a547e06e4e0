internal import Glibc

/// A failed system call: its errno and what it was about.
package struct KernelError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The `errno` of the failed call.
    package let code: Int32
    /// A path, an address or the name of the call.
    package let subject: String

    package init(_ code: Int32, subject: String) {
        self.code = code
        self.subject = subject
    }

    /// The error of the last failed call of this thread.
    package static func last(_ subject: String) -> KernelError {
        KernelError(errno, subject: subject)
    }

    /// The subject was read and does not have its documented form.
    package static func malformed(_ subject: String) -> KernelError {
        KernelError(EBADMSG, subject: subject)
    }

    /// Whether the machine lacks the subject: hardware, a kernel module or a file.
    package var isAbsence: Bool {
        code == ENOENT || code == ENODEV || code == ENXIO || code == ENOTDIR
    }

    package var description: String {
        var text = [CChar](repeating: 0, count: 128)
        unsafe strerror_r(code, &text, text.count)
        return "\(subject): \(String(terminated: text))"
    }
}
