internal import Glibc

extension Root {
    /// Where something really is, every symbolic link followed; nil when it is nowhere.
    package func resolved(_ name: String) -> String? {
        guard let found = unsafe realpath(path(of: name), nil) else { return nil }
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }

    /// The path of something below the root, every symbolic link followed as a process sees it whose
    /// `/` is the root: `/etc/os-release -> /usr/lib/os-release` of a mounted host stays on that host.
    ///
    /// Links are read one by one and not by openat2(2) with RESOLVE_IN_ROOT, which Linux before 5.6 and
    /// older seccomp profiles of containers do not have. A loop ends at the 40th link, as in the kernel.
    package func pathInside(_ name: String) -> String {
        if path == "/" { return path(of: name) }
        var pending = Array(name.split(separator: "/").reversed())
        var found: [Substring] = []
        var links = 0
        while let next = pending.popLast() {
            if next == "." { continue }
            if next == ".." {
                _ = found.popLast()
                continue
            }
            found.append(next)
            let below = found.joined(separator: "/")
            guard links < 40, let target = Root.target(ofLink: path(of: below)) else { continue }
            links += 1
            found.removeLast()
            if target.hasPrefix("/") { found = [] }
            pending += target.split(separator: "/").reversed()
        }
        return path(of: found.joined(separator: "/"))
    }

    /// Nil for what is no symbolic link.
    private static func target(ofLink path: String) -> String? {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let capacity = target.count - 1
        let length = unsafe readlink(path, &target, capacity)
        return length > 0 ? String(terminated: target) : nil
    }

    /// Whether something of this name is a directory, or a link to one.
    package func isDirectory(_ name: String) -> Bool {
        var about = stat()
        guard unsafe stat(path(of: name), &about) == 0 else { return false }
        return about.st_mode & S_IFMT == S_IFDIR
    }
}
