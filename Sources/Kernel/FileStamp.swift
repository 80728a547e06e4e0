internal import Glibc

/// Identifies a version of a file: inode, size and time of modification (stat(2)).
package struct FileStamp: Equatable, Sendable {
    private let inode: UInt64
    private let size: Int64
    /// Time of the last modification in seconds since 1970.
    package let seconds: Int64
    private let nanoseconds: Int64

    /// Nil if the file does not exist or must not be read.
    package init?(_ path: String) {
        var about = stat()
        guard unsafe stat(path, &about) == 0 else { return nil }
        inode = UInt64(about.st_ino)
        size = Int64(about.st_size)
        seconds = Int64(about.st_mtim.tv_sec)
        nanoseconds = Int64(about.st_mtim.tv_nsec)
    }

    /// Whether the last change is older than 2 s, so that a further change gets another time stamp. The
    /// kernel's time stamps have the resolution of a timer tick, some file systems' that of a second.
    package var isSettled: Bool {
        let now = Int64(clamping: Clock.realNanoseconds / 1_000_000_000)
        return now < seconds || now &- seconds >= 2
    }
}
