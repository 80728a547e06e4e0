internal import CLinux
internal import Glibc
internal import Kernel
internal import Synchronization

/// Counts accepted connections against a limit and wakes the acceptor when one below it ends.
///
/// Any thread may call it; the counter is one atomic, because libmicrohttpd's threads end connections
/// while the accept thread takes new ones.
final class ConnectionSlots: Sendable {
    private let counter = Atomic<Int>(0)
    private let isClosed = Atomic<Bool>(false)
    private let wakeup: EventFD
    private let limit: Int

    init(_ limit: Int) throws(KernelError) {
        wakeup = try EventFD()
        self.limit = limit
    }

    var wakeDescriptor: Int32 { wakeup.fileDescriptor }

    /// Whether a further connection may be accepted.
    var isAvailable: Bool { taken < limit }

    /// Accepted connections that have not ended.
    var taken: Int { counter.load(ordering: .sequentiallyConsistent) }

    func acquire() {
        counter.wrappingAdd(1, ordering: .sequentiallyConsistent)
    }

    func release() {
        let before = counter.wrappingSubtract(1, ordering: .sequentiallyConsistent).oldValue
        if before >= limit { wakeup.signal() }
    }

    /// Ends accepting.
    func close() {
        isClosed.store(true, ordering: .sequentiallyConsistent)
        wakeup.signal()
    }

    /// Clears the wakeup. Returns false after `close`.
    func drainWakeup() -> Bool {
        wakeup.wait(atMost: .zero)
        return !isClosed.load(ordering: .sequentiallyConsistent)
    }
}

/// Accepts connections on all listening sockets of a server and hands them to libmicrohttpd.
struct Acceptor: Sendable {
    let listeners: [Listener]
    let daemon: MicroHTTPDaemon
    let core: ServerCore

    /// Pause after accept(2) failed for lack of descriptors or memory. The connection stays in the
    /// backlog and poll(2) would return at once, so that without a pause the thread would spin.
    private static let pauseMilliseconds: Int32 = 100

    /// Body of the thread `http-accept`: started by `Server.init`, ends after `ConnectionSlots.close`.
    func run() {
        var requests = [pollfd(fd: core.slots.wakeDescriptor, events: Int16(POLLIN), revents: 0)]
        for listener in listeners {
            requests.append(pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0))
        }
        var isPausing = false
        while true {
            // At the limit only the wakeup is polled; clients wait in the kernel's backlog.
            let isOpen = !isPausing && core.slots.isAvailable
            let count = isOpen ? requests.count : 1
            let timeout = isPausing ? Acceptor.pauseMilliseconds : -1
            let ready = unsafe poll(&requests, nfds_t(count), timeout)
            isPausing = false
            if ready <= 0 { continue }
            if requests[0].revents != 0, !core.slots.drainWakeup() { return }
            if !isOpen { continue }
            for index in listeners.indices where requests[index + 1].revents != 0 {
                if !accept(listeners[index]) { isPausing = true }
            }
        }
    }

    /// Accepts waiting connections of one socket. Returns false when accept(2) failed for lack of a
    /// resource.
    private func accept(_ listener: Listener) -> Bool {
        // At most 16 in a row, so that the other sockets and the wakeup are polled in between.
        for _ in 0..<16 {
            if !core.slots.isAvailable { return true }
            // Large enough for an IPv6 address; the path of a Unix peer is not used.
            var peer = sockaddr_in6()
            let capacity = socklen_t(MemoryLayout<sockaddr_in6>.size)
            var length = capacity
            let descriptor = unsafe clinux_accept(listener.descriptor, &peer, &length)
            if descriptor < 0 {
                switch errno {
                case EAGAIN: return true
                // The client has closed already, or the socket reports an earlier network error
                // (accept(2), "Error handling").
                case EINTR, ECONNABORTED, EPROTO, ENETDOWN, EHOSTUNREACH, ENETUNREACH: continue
                default:
                    core.log.write("\(KernelError.last("accept on \(listener)"))")
                    return false
                }
            }
            core.slots.acquire()
            if !daemon.serve(descriptor, peer: &peer, length: min(length, capacity)) {
                core.slots.release()
            }
        }
        return true
    }
}
