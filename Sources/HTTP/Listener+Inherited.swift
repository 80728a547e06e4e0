internal import CLinux
internal import Glibc
package import Kernel

extension Listener {
    /// The sockets passed by the service manager (sd_listen_fds(3)), from descriptor 3 on, with their
    /// names; empty when `LISTEN_PID` is not this process.
    ///
    /// Throws `EINVAL` when `LISTEN_FDS` is not a number, and for a descriptor `EBADF`, `ENOTSOCK`, or
    /// `EINVAL` when it is not a listening stream socket. The service manager keeps its own descriptors
    /// open when these are closed.
    package static func inherited() throws(KernelError) -> [(name: String, listener: Listener)] {
        let listeners = try inherited(
            process: environment("LISTEN_PID"), count: environment("LISTEN_FDS"), first: 3)
        return Array(zip(names(environment("LISTEN_FDNAMES"), of: listeners.count), listeners))
            .map { (name: $0, listener: $1) }
    }

    /// The colon-separated names of `LISTEN_FDNAMES`, padded with empty ones to `count`.
    static func names(_ text: String?, of count: Int) -> [String] {
        var names =
            text?.split(separator: ":", omittingEmptySubsequences: false).map(String.init) ?? []
        while names.count < count { names.append("") }
        return Array(names.prefix(count))
    }

    static func inherited(
        process: String?, count: String?, first: Int32
    ) throws(KernelError) -> [Listener] {
        guard let process, let count, let process = Int32(process), process == getpid() else {
            return []
        }
        guard let count = Int32(count), count >= 0, count <= 1024 else {
            throw KernelError(EINVAL, subject: "LISTEN_FDS")
        }
        for descriptor in first..<first + count {
            let subject = "inherited descriptor \(descriptor)"
            let isListening = clinux_is_listening_stream(descriptor)
            if isListening < 0 { throw .last(subject) }
            if isListening == 0 { throw KernelError(EINVAL, subject: subject) }
            guard clinux_close_on_exec_never_block(descriptor) == 0 else { throw .last(subject) }
        }
        return (first..<first + count).map { Listener(owning: $0) }
    }

    private static func environment(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}
