internal import Glibc

/// What changes when a file is written anew: its inode, size and time of modification.
package struct FileStamp: Equatable, Sendable {
    private let inode: UInt64
    private let size: Int64
    /// When the file was last changed, since 1970.
    package let seconds: Int64
    private let nanoseconds: Int64

    /// Nil when there is no such file, or none that may be looked at.
    package init?(_ path: String) {
        var about = stat()
        guard unsafe stat(path, &about) == 0 else { return nil }
        inode = UInt64(about.st_ino)
        size = Int64(about.st_size)
        seconds = Int64(about.st_mtim.tv_sec)
        nanoseconds = Int64(about.st_mtim.tv_nsec)
    }

    /// Whether the last change is so long ago that the next one must show: the kernel's time stamps
    /// are some milliseconds coarse.
    package var isSettled: Bool {
        let now = Int64(clamping: Clock.realNanoseconds / 1_000_000_000)
        return now < seconds || now &- seconds >= 2
    }
}
