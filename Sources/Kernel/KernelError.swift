internal import Glibc

/// What the operating system answered instead of doing what it was asked, and about what.
public struct KernelError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The `errno` of the failed call.
    public let code: Int32
    /// What was asked for: a path, an address, the name of a call.
    public let subject: String

    public init(_ code: Int32, _ subject: String) {
        self.code = code
        self.subject = subject
    }

    /// The error of the call that has just failed on this thread.
    public static func last(_ subject: String) -> KernelError {
        KernelError(errno, subject)
    }

    /// The subject was read and is not what its document says.
    public static func malformed(_ subject: String) -> KernelError {
        KernelError(EBADMSG, subject)
    }

    /// The subject does not exist: hardware, module or file that this machine lacks.
    public var isAbsence: Bool {
        code == ENOENT || code == ENODEV || code == ENXIO || code == ENOTDIR
    }

    public var description: String {
        var text = [CChar](repeating: 0, count: 128)
        unsafe strerror_r(code, &text, text.count)
        return "\(subject): \(String(terminated: text))"
    }
}
