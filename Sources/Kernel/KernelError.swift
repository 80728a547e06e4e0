internal import Glibc

/// What the operating system answered instead of doing what it was asked, and about what.
package struct KernelError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The `errno` of the failed call.
    package let code: Int32
    /// What was asked for: a path, an address, the name of a call.
    package let subject: String

    package init(_ code: Int32, subject: String) {
        self.code = code
        self.subject = subject
    }

    /// The error of the call that has just failed on this thread.
    package static func last(_ subject: String) -> KernelError {
        KernelError(errno, subject: subject)
    }

    /// The subject was read and is not what its document says.
    package static func malformed(_ subject: String) -> KernelError {
        KernelError(EBADMSG, subject: subject)
    }

    /// The subject does not exist: hardware, module or file that this machine lacks.
    package var isAbsence: Bool {
        code == ENOENT || code == ENODEV || code == ENXIO || code == ENOTDIR
    }

    package var description: String {
        var text = [CChar](repeating: 0, count: 128)
        unsafe strerror_r(code, &text, text.count)
        return "\(subject): \(String(terminated: text))"
    }
}
