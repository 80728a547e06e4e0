internal import CLinux
internal import Glibc
internal import Kernel
internal import Synchronization

/// How many connections there may be, and the bell that tells the acceptor of a free place.
final class ConnectionSlots: Sendable {
    private let counter = Atomic<Int>(0)
    private let isClosed = Atomic<Bool>(false)
    private let bell: EventFD
    private let limit: Int

    init(_ limit: Int) throws(KernelError) {
        bell = try EventFD()
        self.limit = limit
    }

    var bellDescriptor: Int32 { bell.pollable }

    /// Whether somebody may be accepted.
    var isAvailable: Bool { taken < limit }

    /// Connections that were accepted and have not ended.
    var taken: Int { counter.load(ordering: .sequentiallyConsistent) }

    func take() {
        counter.wrappingAdd(1, ordering: .sequentiallyConsistent)
    }

    func giveBack() {
        let before = counter.wrappingSubtract(1, ordering: .sequentiallyConsistent).oldValue
        if before >= limit { bell.ring() }
    }

    /// Nobody is accepted any more.
    func close() {
        isClosed.store(true, ordering: .sequentiallyConsistent)
        bell.ring()
    }

    /// Answers the bell. Returns whether accepting goes on.
    func hear() -> Bool {
        bell.wait(atMost: .zero)
        return !isClosed.load(ordering: .sequentiallyConsistent)
    }
}

/// Accepts connections on all listening sockets of a server and hands them to libmicrohttpd.
struct Acceptor: Sendable {
    let listeners: [Listener]
    let daemon: MicroHTTPDaemon
    let core: ServerCore

    /// How long nobody is accepted when the process or the machine has run out of something.
    private static let pauseMilliseconds: Int32 = 100

    /// What the accepting thread does until `ConnectionSlots.close`.
    func run() {
        var requests = [pollfd(fd: core.slots.bellDescriptor, events: Int16(POLLIN), revents: 0)]
        for listener in listeners {
            requests.append(pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0))
        }
        var isPausing = false
        while true {
            // Without a free place only the bell is heard; clients wait in the kernel's backlog.
            let isOpen = !isPausing && core.slots.isAvailable
            let count = isOpen ? requests.count : 1
            let timeout = isPausing ? Acceptor.pauseMilliseconds : -1
            let ready = unsafe poll(&requests, nfds_t(count), timeout)
            isPausing = false
            if ready <= 0 { continue }
            if requests[0].revents != 0, !core.slots.hear() { return }
            if !isOpen { continue }
            for index in listeners.indices where requests[index + 1].revents != 0 {
                if !accept(listeners[index]) { isPausing = true }
            }
        }
    }

    /// Takes who waits on one socket. Returns false when it failed for lack of something.
    private func accept(_ listener: Listener) -> Bool {
        // A bounded number, so that the other sockets and the bell get their turn.
        for _ in 0..<16 {
            if !core.slots.isAvailable { return true }
            // Room for an internet address; of a Unix peer's path nobody wants to know.
            var peer = sockaddr_in6()
            let room = socklen_t(MemoryLayout<sockaddr_in6>.size)
            var length = room
            let descriptor = unsafe clinux_accept(listener.descriptor, &peer, &length)
            if descriptor < 0 {
                switch errno {
                case EAGAIN: return true
                // The client has gone already, or the network has told of an earlier error.
                case EINTR, ECONNABORTED, EPROTO, ENETDOWN, EHOSTUNREACH, ENETUNREACH: continue
                default:
                    core.log.pass("\(KernelError.last("accept on \(listener)"))")
                    return false
                }
            }
            core.slots.take()
            if !daemon.serve(descriptor, peer: &peer, length: min(length, room)) {
                core.slots.giveBack()
            }
        }
        return true
    }
}
