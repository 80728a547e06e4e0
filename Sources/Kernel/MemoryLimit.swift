/// The memory limit of the control group that this process is in.
package enum MemoryLimit {
    /// Bytes, nil if there is no limit or it cannot be read. The limits of all groups above count, too:
    /// the smallest is returned.
    package static func bytes(_ root: Root = Root("/")) -> UInt64? {
        guard let groups = text(root.path(of: "proc/self/cgroup"), limit: 64 << 10) else {
            return nil
        }
        var limits: [UInt64] = []
        for line in groups.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            if parts[0] == "0", parts[1].isEmpty {
                limits += chain(root, mount: "sys/fs/cgroup", path: parts[2], file: "memory.max")
            } else if parts[1].split(separator: ",").contains("memory") {
                limits += chain(
                    root, mount: "sys/fs/cgroup/memory", path: parts[2],
                    file: "memory.limit_in_bytes")
            }
        }
        return limits.min()
    }

    /// The limits from the group up to the root of the hierarchy. In a container without a namespace of
    /// control groups the path is not mounted, and only the root, which is the container's group, is.
    private static func chain(
        _ root: Root, mount: String, path: Substring, file: String
    ) -> [UInt64] {
        var names = path.split(separator: "/")
        var limits: [UInt64] = []
        while true {
            let folder = ([Substring(mount)] + names).joined(separator: "/")
            if let limit = text(root.path(of: "\(folder)/\(file)"), limit: 64).flatMap(number) {
                limits.append(limit)
            }
            if names.isEmpty { return limits }
            names.removeLast()
        }
    }

    /// nil for `max`, and for cgroup v1's number that stands for it, LONG_MAX in whole pages.
    private static func number(_ text: String) -> UInt64? {
        guard let value = UInt64(text.prefix { $0.isNumber }), value > 0, value < 1 << 62 else {
            return nil
        }
        return value
    }

    private static func text(_ path: String, limit: Int) -> String? {
        var file = KernelFile(path: path, limit: limit)
        var text = Buffer(capacity: 256)
        guard (try? file.read(into: &text)) != nil else { return nil }
        return text.bytes.string
    }
}
