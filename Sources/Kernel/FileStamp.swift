internal import Glibc

/// What changes when a file is written anew: its inode, size and time of modification.
public struct FileStamp: Equatable, Sendable {
    private let inode: UInt64
    private let size: Int64
    private let seconds: Int64
    private let nanoseconds: Int64

    /// Nil when there is no such file, or none that may be looked at.
    public init?(_ path: String) {
        var about = stat()
        guard unsafe stat(path, &about) == 0 else { return nil }
        inode = UInt64(about.st_ino)
        size = Int64(about.st_size)
        seconds = Int64(about.st_mtim.tv_sec)
        nanoseconds = Int64(about.st_mtim.tv_nsec)
    }
}
