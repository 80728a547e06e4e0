internal import CLinux
internal import Glibc

/// A file whose contents the kernel generates for each reader.
///
/// On procfs, sysfs and cgroup2 the descriptor stays open and every read starts at offset 0. Elsewhere
/// (a fixture tree, a copied root) the path may name another file later, so it is opened per read.
package struct KernelFile: ~Copyable {
    /// Default of `limit`. /proc/interrupts of a machine with 256 CPUs has 600 KiB.
    package static var defaultByteLimit: Int { 1 << 20 }

    package let path: String
    /// Largest number of bytes that are read.
    package let limit: Int
    private let isOneRecord: Bool
    private let longestRecord: Int?
    private var descriptor: Int32 = -1
    private static let budget = OpenFileBudget()
    /// The smallest page size of Linux, which seq_file's buffer has at least.
    private static var seqFileBytes: Int { 4096 }

    /// The file is opened by the first read.
    ///
    /// `isOneRecord`: the kernel generates the whole file for one read (`single_open` and sysfs
    /// attributes), so that a short read has reached the end and a second read(2) is not needed.
    ///
    /// `longestRecord`: the file consists of records of at most this many bytes and is generated with
    /// seq_file (fs/seq_file.c). The kernel fills a buffer of at least 4,096 bytes and returns early only
    /// if the next record does not fit, so that a shorter read has reached the end.
    package init(
        path: String, limit: Int = KernelFile.defaultByteLimit, isOneRecord: Bool = false,
        longestRecord: Int? = nil
    ) {
        self.path = path
        self.limit = limit
        self.isOneRecord = isOneRecord
        self.longestRecord = longestRecord
    }

    deinit {
        if descriptor >= 0 {
            close(descriptor)
            KernelFile.budget.release()
        }
    }

    package var isOpen: Bool { descriptor >= 0 }

    /// Whether a file whose changes the kernel announces by POLLPRI (mountinfo, proc_pid_mountinfo(5))
    /// may have changed since the last read; always true for a file that is not kept open.
    package func mayHaveChanged() -> Bool {
        if descriptor < 0 { return true }
        var request = pollfd(fd: descriptor, events: Int16(POLLPRI), revents: 0)
        return unsafe poll(&request, 1, 0) != 0
    }

    /// Replaces the contents of `text` by the file.
    ///
    /// Returns whether the file was larger than `limit`; then `text` holds the first `limit` bytes.
    /// Throws the error of open(2) or read(2); after an error the next read opens the file again.
    @discardableResult
    package mutating func read(into text: inout Buffer) throws(KernelError) -> Bool {
        let keep: Bool
        if descriptor < 0 {
            descriptor = unsafe clinux_open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK)
            guard descriptor >= 0 else { throw .last(path) }
            keep = KernelFile.isKernelFilesystem(descriptor) && KernelFile.budget.acquire()
        } else {
            keep = true
        }
        do throws(KernelError) {
            let oversized = try fill(&text)
            if !keep { closeDescriptor(counted: false) }
            return oversized
        } catch {
            closeDescriptor(counted: keep)
            throw error
        }
    }

    private mutating func fill(_ text: inout Buffer) throws(KernelError) -> Bool {
        text.removeAll()
        while true {
            // One byte more than the limit, to detect a file that exceeds it.
            let free = min(max(text.capacity - text.count, 4096), limit + 1 - text.count)
            let before = text.count
            let descriptor = self.descriptor
            let path = self.path
            unsafe try text.append(upTo: free) { (target) throws(KernelError) in
                while true {
                    let got = unsafe pread(descriptor, target, free, off_t(before))
                    if got >= 0 { return got }
                    guard errno == EINTR else { throw .last(path) }
                }
            }
            if text.count == before { return false }
            if text.count > limit {
                text.truncate(to: limit)
                return true
            }
            let got = text.count - before
            if isOneRecord, got < free { return false }
            if let longestRecord, got < free, got + longestRecord < KernelFile.seqFileBytes {
                return false
            }
        }
    }

    private mutating func closeDescriptor(counted: Bool) {
        close(descriptor)
        if counted { KernelFile.budget.release() }
        descriptor = -1
    }

    private static func isKernelFilesystem(_ descriptor: Int32) -> Bool {
        let magic = clinux_filesystem_magic(descriptor)
        return magic == Int64(clinux_proc_super_magic) || magic == Int64(clinux_sysfs_magic)
            || magic == Int64(clinux_cgroup2_super_magic)
    }
}
