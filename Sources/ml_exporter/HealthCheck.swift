internal import Glibc
internal import HTTP
internal import Kernel

/// Asks a running daemon whether it is ready, for containers without curl.
enum HealthCheck {
    static let timeoutSeconds = 3

    /// Nil if the daemon at `address` answers 200, else an error message.
    static func failure(at address: ListenAddress) -> String? {
        guard let descriptor = connect(to: address) else {
            return "\(address): connection failed"
        }
        defer { close(descriptor) }
        var limit = timeval()
        limit.tv_sec = timeoutSeconds
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        let request = Array(
            "GET /-/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        guard
            unsafe send(descriptor, request, request.count, Int32(MSG_NOSIGNAL))
                == request.count
        else { return KernelError.last("\(address)").description }
        var answer = [UInt8](repeating: 0, count: 64)
        var count = 0
        while count < 12 {
            let got = unsafe answer.withUnsafeMutableBytes { target in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: target[count...])
                return unsafe recv(descriptor, rest.baseAddress, rest.count, 0)
            }
            if got <= 0 { break }
            count += got
        }
        let status = String(decoding: answer.prefix(count).prefix(12).dropFirst(9), as: UTF8.self)
        return status == "200" ? nil : "\(address): answered \(status.isEmpty ? "nothing" : status)"
    }

    private static func connect(to address: ListenAddress) -> Int32? {
        switch address {
        case .unix(let path):
            var target = sockaddr_un()
            target.sun_family = sa_family_t(AF_UNIX)
            let bytes = Array(path.utf8)
            guard bytes.count < MemoryLayout.size(ofValue: target.sun_path) else { return nil }
            unsafe withUnsafeMutableBytes(of: &target.sun_path) { unsafe $0.copyBytes(from: bytes) }
            return unsafe withUnsafePointer(to: &target) { pointer in
                let target = unsafe UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self)
                return unsafe connect(
                    AF_UNIX, target: target, length: socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        case .tcp(let host, let port):
            var hints = unsafe addrinfo()
            unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            var list: UnsafeMutablePointer<addrinfo>?
            let wildcard = host.isEmpty || host == "0.0.0.0" || host == "::"
            guard
                unsafe getaddrinfo(wildcard ? "localhost" : host, String(port), &hints, &list) == 0
            else { return nil }
            defer { unsafe freeaddrinfo(list) }
            var entry = unsafe list
            while let current = unsafe entry {
                if let target = unsafe current.pointee.ai_addr,
                    let descriptor = unsafe connect(
                        current.pointee.ai_family, target: target,
                        length: current.pointee.ai_addrlen)
                {
                    return descriptor
                }
                unsafe entry = current.pointee.ai_next
            }
            return nil
        }
    }

    private static func connect(
        _ family: Int32, target: UnsafePointer<sockaddr>, length: socklen_t
    ) -> Int32? {
        let descriptor = socket(
            family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        if unsafe Glibc.connect(descriptor, target, length) == 0 { return descriptor }
        close(descriptor)
        return nil
    }
}
