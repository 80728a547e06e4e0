internal import CLinux
internal import Glibc

/// A file that the kernel writes anew for each reader.
///
/// On procfs, sysfs and cgroup2 the descriptor stays open and every read starts at 0 again. Elsewhere (a
/// fixture tree, a copied root) the path may mean another file tomorrow, so it is opened per read.
package struct KernelFile: ~Copyable {
    /// The most bytes of a file that are read when nothing else is said.
    package static var defaultByteLimit: Int { 1 << 20 }

    package let path: String
    /// Bytes beyond this are not read.
    package let limit: Int
    private let isOneRecord: Bool
    private let longestRecord: Int?
    private var descriptor: Int32 = -1
    private static let budget = OpenFileBudget()
    /// The smallest page size of Linux, which seq_file's buffer has at least.
    private static var seqFileBytes: Int { 4096 }

    /// Nothing is opened before the first read.
    ///
    /// `isOneRecord` says that the kernel makes the whole file for one read (`single_open` and
    /// sysfs attributes): a read that leaves room has then seen its end.
    ///
    /// `longestRecord` is for files of many records that the kernel makes with seq_file (fs/seq_file.c),
    /// none of which has more bytes than this. The kernel fills a buffer of at least 4,096 bytes and
    /// returns early only if the next record does not fit: a shorter read has seen the end, and the
    /// read that would return nothing is saved.
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
            KernelFile.budget.giveBack()
        }
    }

    package var isOpen: Bool { descriptor >= 0 }

    /// Whether a file whose changes the kernel announces (mountinfo, by POLLPRI of poll(2)) may tell
    /// something else than at the last read. A file that is not kept open always may.
    package func mayHaveChanged() -> Bool {
        if descriptor < 0 { return true }
        var request = pollfd(fd: descriptor, events: Int16(POLLPRI), revents: 0)
        return unsafe poll(&request, 1, 0) != 0
    }

    /// Replaces what `text` holds by the file as it is now.
    ///
    /// Returns whether the file was larger than `limit`; then `text` holds the first `limit` bytes.
    /// Throws what open(2) or read(2) said; a file that failed is opened anew by the next read.
    @discardableResult
    package mutating func read(into text: inout Buffer) throws(KernelError) -> Bool {
        let keep: Bool
        if descriptor < 0 {
            descriptor = unsafe clinux_open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK)
            guard descriptor >= 0 else { throw .last(path) }
            keep = KernelFile.isKernelFilesystem(descriptor) && KernelFile.budget.take()
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
            // One byte beyond the limit tells a full file from an oversized one.
            let room = min(max(text.capacity - text.count, 4096), limit + 1 - text.count)
            let before = text.count
            let descriptor = self.descriptor
            let path = self.path
            unsafe try text.append(room: room) { (target) throws(KernelError) in
                while true {
                    let got = unsafe pread(descriptor, target, room, off_t(before))
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
            if isOneRecord, got < room { return false }
            if let longestRecord, got < room, got + longestRecord < KernelFile.seqFileBytes {
                return false
            }
        }
    }

    private mutating func closeDescriptor(counted: Bool) {
        close(descriptor)
        if counted { KernelFile.budget.giveBack() }
        descriptor = -1
    }

    private static func isKernelFilesystem(_ descriptor: Int32) -> Bool {
        let magic = clinux_filesystem_magic(descriptor)
        return magic == Int64(clinux_proc_super_magic) || magic == Int64(clinux_sysfs_magic)
            || magic == Int64(clinux_cgroup2_super_magic)
    }
}
