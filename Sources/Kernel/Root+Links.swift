internal import Glibc

extension Root {
    /// The path with all symbolic links resolved (realpath(3)); nil if it does not exist.
    package func resolved(_ name: String) -> String? {
        guard let found = unsafe realpath(path(of: name), nil) else { return nil }
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }

    /// Whether the name is a directory or a link to one.
    package func isDirectory(_ name: String) -> Bool {
        var about = stat()
        guard unsafe stat(path(of: name), &about) == 0 else { return false }
        return about.st_mode & S_IFMT == S_IFDIR
    }
}
