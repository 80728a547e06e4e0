internal import CLinux
internal import Glibc
package import Kernel

/// A listening socket. Deinitialising closes it and removes the path of a Unix socket that it bound.
package final class Listener: Sendable, CustomStringConvertible {
    /// The inode of the bound path. Only that one is removed: another process may have replaced it.
    struct BoundPath: Sendable {
        let path: String
        let device: dev_t
        let inode: ino_t
    }

    let descriptor: Int32
    /// `127.0.0.1:10180`, `[::]:10180`, `unix:/run/x.sock`.
    package let description: String
    /// The port of a TCP socket, also when port 0 was requested; nil for a Unix socket.
    package let port: UInt16?
    private let boundPath: BoundPath?

    /// Argument of listen(2). Linux caps it at net.core.somaxconn (4096 since 5.4); 1,024 hold a burst
    /// of clients while the server is at its limit.
    static let backlog: Int32 = 1024

    init(owning descriptor: Int32, boundPath: BoundPath? = nil) {
        self.descriptor = descriptor
        self.boundPath = boundPath
        (description, port) = Listener.describe(descriptor)
    }

    deinit {
        close(descriptor)
        guard let boundPath else { return }
        var status = stat()
        if unsafe lstat(boundPath.path, &status) == 0, status.st_dev == boundPath.device,
            status.st_ino == boundPath.inode
        {
            unsafe unlink(boundPath.path)
        }
    }

    /// Opens a socket on `address`.
    ///
    /// An empty host means all addresses, IPv6 and IPv4 on one socket, IPv4 alone where the
    /// machine has no IPv6. Of a name's addresses an IPv4 one is preferred. The file of an abandoned
    /// Unix socket is replaced. Throws the kernel's error: `EADDRINUSE` when a process listens there,
    /// `ENOTSOCK` when the path is another kind of file, `EPERM` when the socket's group cannot be set,
    /// `EADDRNOTAVAIL` when a name has no address.
    package static func bind(
        _ address: ListenAddress, unixMode: UInt32 = 0o660, unixGroup: UInt32? = nil
    ) throws(KernelError) -> Listener {
        switch address {
        case .unix(let path): try bindPath(path, mode: unixMode, group: unixGroup)
        case .tcp(let host, let port): try bindPort(host: host, port: port)
        }
    }

    // MARK: TCP

    private static func bindPort(host: String, port: UInt16) throws(KernelError) -> Listener {
        let subject = ListenAddress.tcp(host: host, port: port).description
        if host.isEmpty {
            do throws(KernelError) {
                return try bind(any(AF_INET6, port: port), dualStack: true, subject: subject)
            } catch  where error.code == EAFNOSUPPORT || error.code == EADDRNOTAVAIL {
                return try bind(any(AF_INET, port: port), dualStack: false, subject: subject)
            }
        }
        return try bind(
            resolve(host, port: port, subject: subject), dualStack: host == "::", subject: subject)
    }

    private static func any(_ family: Int32, port: UInt16) -> SocketAddress {
        var address = SocketAddress(family: family)
        address.port = port
        return address
    }

    private static func resolve(
        _ host: String, port: UInt16, subject: String
    ) throws(KernelError) -> SocketAddress {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_PASSIVE
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, nil, &hints, &list)
        if code != 0 {
            throw KernelError(code == EAI_SYSTEM ? errno : EADDRNOTAVAIL, subject: subject)
        }
        defer { unsafe freeaddrinfo(list) }
        var best: SocketAddress?
        var next = unsafe list
        while let entry = unsafe next {
            let isIPv4 = unsafe entry.pointee.ai_family == AF_INET
            if best == nil || (isIPv4 && best?.family != AF_INET) {
                best =
                    unsafe SocketAddress(entry.pointee.ai_addr, length: entry.pointee.ai_addrlen)
                    ?? best
            }
            unsafe next = entry.pointee.ai_next
        }
        guard var best else { throw KernelError(EADDRNOTAVAIL, subject: subject) }
        best.port = port
        return best
    }

    private static func bind(
        _ address: SocketAddress, dualStack: Bool, subject: String
    ) throws(KernelError) -> Listener {
        let descriptor = clinux_stream_socket(address.family)
        guard descriptor >= 0 else { throw .last(subject) }
        var yes: Int32 = 1
        var only: Int32 = dualStack ? 0 : 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, size)
        if address.family == AF_INET6 {
            unsafe setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &only, size)
        }
        guard address.bind(descriptor) == 0, listen(descriptor, backlog) == 0 else {
            let error = KernelError.last(subject)
            close(descriptor)
            throw error
        }
        return Listener(owning: descriptor)
    }

    // MARK: Unix sockets

    private static func bindPath(
        _ path: String, mode: UInt32, group: UInt32?
    ) throws(KernelError) -> Listener {
        let subject = "unix:\(path)"
        let length = path.utf8.count
        let descriptor = clinux_stream_socket(AF_UNIX)
        guard descriptor >= 0 else { throw .last(subject) }
        do throws(KernelError) {
            if unsafe clinux_bind_path(descriptor, path, length) != 0 {
                guard errno == EADDRINUSE else { throw .last(subject) }
                try removeAbandoned(path, subject: subject)
                guard unsafe clinux_bind_path(descriptor, path, length) == 0 else {
                    throw .last(subject)
                }
            }
            var status = stat()
            // Before listen(2), so that no client connects under wider permissions.
            guard group.map({ unsafe chown(path, .max, $0) == 0 }) ?? true,
                unsafe chmod(path, mode) == 0, unsafe lstat(path, &status) == 0,
                listen(descriptor, backlog) == 0
            else {
                let error = KernelError.last(subject)
                unsafe unlink(path)
                throw error
            }
            return Listener(
                owning: descriptor,
                boundPath: BoundPath(path: path, device: status.st_dev, inode: status.st_ino))
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Removes the file of a socket on which no process listens.
    private static func removeAbandoned(_ path: String, subject: String) throws(KernelError) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { throw .last(subject) }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw KernelError(ENOTSOCK, subject: subject)
        }
        let probe = clinux_stream_socket(AF_UNIX)
        guard probe >= 0 else { throw .last(subject) }
        defer { close(probe) }
        // A full backlog (EAGAIN) or a lack of permission means that a process listens as well.
        guard unsafe clinux_connect_path(probe, path, path.utf8.count) != 0, errno == ECONNREFUSED
        else { throw KernelError(EADDRINUSE, subject: subject) }
        guard unsafe unlink(path) == 0 else { throw .last(subject) }
    }

    private static func describe(_ descriptor: Int32) -> (String, UInt16?) {
        if let address = SocketAddress(localOf: descriptor) {
            return (address.description, address.port)
        }
        let capacity = ListenAddress.pathBytes + 1
        var path = [CChar](repeating: 0, count: capacity)
        let length = unsafe clinux_local_path(descriptor, &path, capacity)
        let text = path.prefix(length).map { UInt8(bitPattern: $0) }
        return ("unix:" + String(decoding: text, as: UTF8.self), nil)
    }
}
