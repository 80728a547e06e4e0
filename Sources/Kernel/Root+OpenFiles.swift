internal import Glibc

extension Root {
    /// How many files a process has open, the root being `/proc`: nil when that is not to be seen.
    /// `process` is its number, or `self`.
    package func openFileCount(of process: String) -> Int? {
        var about = stat()
        guard unsafe stat(path(of: "\(process)/fd"), &about) == 0 else { return nil }
        // Since Linux 6.2 the directory's size is the count; older kernels show 0 and are listed.
        if about.st_size > 0 { return Int(about.st_size) }
        return try? names(in: "\(process)/fd").count
    }
}
