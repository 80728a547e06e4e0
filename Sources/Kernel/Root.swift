internal import Glibc

/// A directory in place of `/proc`, `/sys` or `/`: those themselves, the host's mounts seen from a
/// container, or a fixture of a test.
package struct Root: Sendable, Equatable {
    /// The directory, without a trailing slash unless it is `/`.
    package let path: String

    package init(_ path: String) {
        var kept = Substring(path)
        while kept.count > 1, kept.last == "/" { kept = kept.dropLast() }
        self.path = String(kept)
    }

    /// The path of a name below the root. `name` may start with a slash.
    package func path(of name: String) -> String {
        let below = name.hasPrefix("/") ? String(name.dropFirst()) : name
        return path == "/" ? "/" + below : path + "/" + below
    }

    package func file(
        _ name: String, limit: Int = KernelFile.defaultByteLimit, isOneRecord: Bool = false
    ) -> KernelFile {
        KernelFile(path: path(of: name), limit: limit, isOneRecord: isOneRecord)
    }

    /// Whether the name exists.
    package func exists(_ name: String) -> Bool {
        unsafe access(path(of: name), F_OK) == 0
    }

    /// The names in a directory below the root except `.` and `..`, in the kernel's order. Throws the
    /// error of open(2) or getdents64(2).
    package func names(in directory: String) throws(KernelError) -> [String] {
        var names: [String] = []
        try eachName(in: directory) { name, _ in names.append(name) }
        return names
    }

    /// The names of the directories in a directory below the root, in the kernel's order, without
    /// symbolic links to directories.
    package func directoryNames(in directory: String) throws(KernelError) -> [String] {
        var names: [String] = []
        try eachName(in: directory) { name, kind in
            let isDirectory =
                kind == .directory
                || (kind == .unknown && isOwnDirectory("\(directory)/\(name)"))
            if isDirectory { names.append(name) }
        }
        return names
    }

    private func eachName(
        in directory: String, body: (String, KernelDirectory.EntryKind) -> Void
    ) throws(KernelError) {
        let listed = try KernelDirectory(path: path(of: directory))
        var scratch = Buffer(capacity: 4096)
        try listed.eachName(&scratch) { name, kind in body(name.string, kind) }
    }

    private func isOwnDirectory(_ name: String) -> Bool {
        var about = stat()
        return unsafe lstat(path(of: name), &about) == 0 && about.st_mode & S_IFMT == S_IFDIR
    }

    /// Reads at most `limit` bytes of a small file once, without white space at both ends. Throws the
    /// error of open(2) or read(2).
    package func attribute(_ name: String, limit: Int = 4096) throws(KernelError) -> [UInt8] {
        var file = file(name, limit: limit)
        var text = Buffer(capacity: min(limit, 4096))
        try file.read(into: &text)
        return text.bytes.trimmed.copied
    }
}
