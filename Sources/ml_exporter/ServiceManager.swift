internal import Glibc

/// Notifies systemd, or another manager that set NOTIFY_SOCKET, of the daemon's state (sd_notify(3)).
/// Does nothing if NOTIFY_SOCKET is not set.
struct ServiceManager: ~Copyable {
    private let path: String?
    /// Half of the manager's watchdog timeout; nil without a watchdog.
    let watchdogNanoseconds: UInt64?

    init() {
        path = ServiceManager.environment("NOTIFY_SOCKET").flatMap { $0.isEmpty ? nil : $0 }
        let process = ServiceManager.environment("WATCHDOG_PID").flatMap { Int32($0) }
        let microseconds = ServiceManager.environment("WATCHDOG_USEC").flatMap { UInt64($0) } ?? 0
        let isForUs = process == nil || process == getpid()
        let (nanoseconds, overflow) = microseconds.multipliedReportingOverflow(by: 500)
        watchdogNanoseconds =
            path != nil && isForUs && microseconds > 0 && !overflow ? nanoseconds : nil
    }

    func notify(_ state: String) {
        guard let path, path.hasPrefix("/") || path.hasPrefix("@") else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < capacity else { return }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in
            unsafe target.copyBytes(from: bytes)
            // A leading @ is the notation of an abstract socket.
            if bytes.first == 0x40 { unsafe target[0] = 0 }
        }
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let message = Array(state.utf8)
        unsafe withUnsafePointer(to: &address) { pointer in
            let target = unsafe UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self)
            _ = unsafe sendto(
                descriptor, message, message.count, Int32(MSG_NOSIGNAL), target, length)
        }
    }

    private static func environment(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}
