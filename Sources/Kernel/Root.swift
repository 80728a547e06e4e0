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
    /// error of opendir(3).
    package func names(in directory: String) throws(KernelError) -> [String] {
        let path = path(of: directory)
        guard let stream = unsafe opendir(path) else { throw .last(path) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
                unsafe String(terminated: $0)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
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
