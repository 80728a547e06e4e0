internal import CLinux
internal import Glibc

/// A netlink(7) socket: requests dumps from the kernel, or receives events.
package struct NetlinkSocket: ~Copyable {
    /// The dumps that can be requested.
    package enum Dump: Sendable {
        /// Links with their counters, rtnetlink(7).
        case links
        /// The 64-bit counters of links without their names.
        case linkCounters
        /// IPv4 neighbours.
        case neighbours
        case routes
        /// TCP sockets of one address family, sock_diag(7).
        case connections4, connections6
    }

    package enum Kind: Sendable {
        case route
        case socketDiagnosis
        /// Receives events of links that are added, changed and removed.
        case linkEvents
    }

    /// Largest datagram in bytes: the kernel sends dumps in datagrams of at most 32 KiB.
    package static var datagramBytes: Int { 64 << 10 }

    private let descriptor: Int32
    private let subject: String
    private var sequence: UInt32 = 0

    package init(_ kind: Kind) throws(KernelError) {
        switch kind {
        case .route: (descriptor, subject) = (clinux_link_socket(), "rtnetlink")
        case .socketDiagnosis: (descriptor, subject) = (clinux_diagnosis_socket(), "sock_diag")
        case .linkEvents: (descriptor, subject) = (clinux_link_event_socket(), "rtnetlink")
        }
        guard descriptor >= 0 else { throw .last(subject) }
    }

    deinit {
        close(descriptor)
    }

    /// Requests a dump; its datagrams follow. After a failure the socket may hold old answers and must
    /// be replaced.
    package mutating func ask(for dump: Dump) throws(KernelError) {
        sequence &+= 1
        let code =
            switch dump {
            case .links: clinux_link_request(descriptor, sequence)
            case .linkCounters: clinux_link_statistics_request(descriptor, sequence)
            case .neighbours: clinux_neighbour_request(descriptor, sequence)
            case .routes: clinux_route_request(descriptor, sequence)
            case .connections4: clinux_connection_request(descriptor, sequence, AF_INET)
            case .connections6: clinux_connection_request(descriptor, sequence, AF_INET6)
            }
        guard code == 0 else { throw .last(subject) }
    }

    /// Replaces the contents of `datagram` by the next one. Returns false if none is waiting on a socket
    /// for events. Throws ENOBUFS if events were lost.
    package func receive(into datagram: inout Buffer) throws(KernelError) -> Bool {
        datagram.removeAll()
        let (descriptor, subject) = (self.descriptor, self.subject)
        var isReceived = true
        unsafe try datagram.append(upTo: NetlinkSocket.datagramBytes) {
            (target) throws(KernelError) in
            while true {
                let got = unsafe recv(descriptor, target, NetlinkSocket.datagramBytes, 0)
                if got >= 0 { return got }
                if errno == EAGAIN {
                    isReceived = false
                    return 0
                }
                guard errno == EINTR else { throw .last(subject) }
            }
        }
        return isReceived
    }

    /// Appends the name of a link; returns false if there is no link with this index.
    package func appendName(ofLink index: UInt32, to text: inout [UInt8]) -> Bool {
        var name: [16 of UInt8] = .init(repeating: 0)
        let length = unsafe withUnsafeMutableBytes(of: &name) { bytes in
            unsafe clinux_link_name(descriptor, index, bytes.baseAddress)
        }
        if length <= 0 { return false }
        for place in 0..<Int(length) { text.append(name[place]) }
        return true
    }
}
