internal import Glibc

extension Root {
    /// The path with all symbolic links resolved (realpath(3)); nil if it does not exist.
    package func resolved(_ name: String) -> String? {
        guard let found = unsafe realpath(path(of: name), nil) else { return nil }
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }

    /// The path of a name below the root with all symbolic links resolved as in a chroot(2) to it:
    /// `/etc/os-release -> /usr/lib/os-release` of a mounted host stays on that host.
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

    /// The target of a symbolic link, nil if it is not one.
    private static func target(ofLink path: String) -> String? {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let capacity = target.count - 1
        let length = unsafe readlink(path, &target, capacity)
        return length > 0 ? String(terminated: target) : nil
    }

    /// Whether the name is a directory or a link to one.
    package func isDirectory(_ name: String) -> Bool {
        var about = stat()
        guard unsafe stat(path(of: name), &about) == 0 else { return false }
        return about.st_mode & S_IFMT == S_IFDIR
    }
}
