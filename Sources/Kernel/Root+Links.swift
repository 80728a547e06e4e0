internal import Glibc

extension Root {
    /// Where something really is, every symbolic link followed; nil when it is nowhere.
    package func resolved(_ name: String) -> String? {
        guard let found = unsafe realpath(path(of: name), nil) else { return nil }
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }

    /// Whether something of this name is a directory, or a link to one.
    package func isDirectory(_ name: String) -> Bool {
        var about = stat()
        guard unsafe stat(path(of: name), &about) == 0 else { return false }
        return about.st_mode & S_IFMT == S_IFDIR
    }
}
