internal import CLinux
internal import Glibc

/// A netlink(7) socket: asks the kernel for all of something, or hears of changes.
package struct NetlinkSocket: ~Copyable {
    /// What the kernel can be asked to list.
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
        /// Hears of links that come, change and go.
        case linkEvents
    }

    /// The most bytes of one datagram.
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

    /// Asks for a dump; its datagrams follow. One that failed leaves answers behind: the socket is
    /// not used any more then.
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

    /// Replaces what `datagram` holds by the next one. False when none waits on a socket for
    /// events. Throws ENOBUFS when events were lost.
    package func receive(into datagram: inout Buffer) throws(KernelError) -> Bool {
        datagram.removeAll()
        let (descriptor, subject) = (self.descriptor, self.subject)
        var isThere = true
        unsafe try datagram.append(room: NetlinkSocket.datagramBytes) {
            (target) throws(KernelError) in
            while true {
                let got = unsafe recv(descriptor, target, NetlinkSocket.datagramBytes, 0)
                if got >= 0 { return got }
                if errno == EAGAIN {
                    isThere = false
                    return 0
                }
                guard errno == EINTR else { throw .last(subject) }
            }
        }
        return isThere
    }

    /// Appends the name of a link; false when there is none of this index.
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
