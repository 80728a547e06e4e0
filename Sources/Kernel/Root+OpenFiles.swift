internal import Glibc

extension Root {
    /// Number of open files of a process, for a root that is `/proc`; nil if it may not be read.
    /// `process` is a PID or `self`.
    package func openFileCount(of process: String) -> Int? {
        var about = stat()
        guard unsafe stat(path(of: "\(process)/fd"), &about) == 0 else { return nil }
        // Since Linux 6.2 the directory's size is the count; older kernels report 0, and the directory is
        // listed.
        if about.st_size > 0 { return Int(about.st_size) }
        return try? names(in: "\(process)/fd").count
    }
}
