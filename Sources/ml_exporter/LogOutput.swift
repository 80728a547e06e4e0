internal import CLinux
internal import Glibc
internal import Kernel
internal import Scrape
internal import Synchronization

/// Writes lines to stderr without ever waiting for its reader: a line that does not fit is dropped and
/// counted. A pipe that is not read must not stop the daemon, or keep it from ending.
///
/// O_NONBLOCK is a flag of the open file, which other processes may share, so it is not set on stderr
/// itself: a pipe or a terminal is opened again by way of /proc, and a socket (systemd's journal) is sent
/// to with MSG_DONTWAIT.
final class LogOutput: LogCounter {
    private enum Kind {
        /// A descriptor of our own that does not block.
        case ownDescriptor
        case socket
        /// A regular file, which always takes what is written.
        case file
        /// Cannot be opened again: poll(2) says whether it takes a page.
        case polled
    }

    static let standardError = LogOutput(STDERR_FILENO)

    private let descriptor: Int32
    private let kind: Kind
    private let dropped = Atomic<UInt64>(0)
    // Guards the order of lines and whether the last one was cut off. write(2) is called under it, which
    // does not block.
    private let isTorn = LockedValue(false)

    init(_ descriptor: Int32) {
        var status = stat()
        let isKnown = unsafe fstat(descriptor, &status) == 0
        switch isKnown ? status.st_mode & S_IFMT : S_IFREG {
        case S_IFSOCK: (self.descriptor, kind) = (descriptor, .socket)
        case S_IFIFO, S_IFCHR:
            let own = unsafe clinux_open(
                "/proc/self/fd/\(descriptor)", O_WRONLY | O_NONBLOCK | O_NOCTTY)
            if own >= 0 {
                (self.descriptor, kind) = (own, .ownDescriptor)
            } else {
                (self.descriptor, kind) = (descriptor, .polled)
            }
        default: (self.descriptor, kind) = (descriptor, .file)
        }
    }

    var droppedLines: UInt64 { dropped.load(ordering: .relaxed) }

    /// Writes a line with its line feed.
    func write(_ line: String) {
        let bytes = Array(line.utf8)
        isTorn.withLock { isTorn in
            // The rest of a line that was cut off is missing: the next one begins on a line of its own.
            let all = isTorn ? [0x0A] + bytes : bytes
            let count = writeNow(all)
            if count == all.count {
                isTorn = false
            } else {
                dropped.wrappingAdd(1, ordering: .relaxed)
                if count > 0 { isTorn = true }
            }
        }
    }

    /// Returns how many bytes were taken. Other errors than a full reader are ignored: there is no other
    /// place to report them.
    private func writeNow(_ bytes: [UInt8]) -> Int {
        var start = 0
        while start < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { all in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: all[start...])
                switch kind {
                case .socket:
                    return unsafe clinux_send_now(descriptor, rest.baseAddress, rest.count)
                case .polled:
                    var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    guard unsafe poll(&request, 1, 0) > 0 else { return 0 }
                    return unsafe Glibc.write(
                        descriptor, rest.baseAddress, min(rest.count, Int(PIPE_BUF)))
                case .file, .ownDescriptor:
                    return unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
                }
            }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            start += count
        }
        return start
    }
}
