internal import Glibc

/// A directory that stands for a place of the machine: `/proc`, `/sys`, `/`, or a tree beside it
/// when the daemon looks at a host from a container or a test looks at a fixture.
package struct Root: Sendable, Equatable {
    /// The directory, without a trailing slash unless it is `/`.
    package let path: String

    package init(_ path: String) {
        var kept = Substring(path)
        while kept.count > 1, kept.last == "/" { kept = kept.dropLast() }
        self.path = String(kept)
    }

    /// The path of something below the root. `name` may start with a slash.
    package func path(of name: String) -> String {
        let below = name.hasPrefix("/") ? String(name.dropFirst()) : name
        return path == "/" ? "/" + below : path + "/" + below
    }

    package func file(
        _ name: String, limit: Int = KernelFile.defaultByteLimit, isOneRecord: Bool = false
    ) -> KernelFile {
        KernelFile(path: path(of: name), limit: limit, isOneRecord: isOneRecord)
    }

    /// Whether something of this name is there.
    package func exists(_ name: String) -> Bool {
        unsafe access(path(of: name), F_OK) == 0
    }

    /// The names in a directory below the root without `.` and `..`, in no order.
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

    /// Reads a small file once, without keeping it open: at most `limit` bytes, without white
    /// space at its ends.
    package func attribute(_ name: String, limit: Int = 4096) throws(KernelError) -> [UInt8] {
        var file = file(name, limit: limit)
        var text = Buffer(capacity: min(limit, 4096))
        try file.read(into: &text)
        return text.bytes.trimmed.copied
    }
}
