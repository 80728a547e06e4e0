internal import Kernel

/// A mount whose state is shown, rendered once for as long as the mount table stays.
struct MountedFilesystem {
    /// The path for statfs(2), below the root; ends with 0.
    let path: [UInt8]
    /// Identifies the mount on the page.
    let key: [UInt8]
    let infoKey: [UInt8]
    let source: String
    /// The mount point on the host: without the prefix `--path.rootfs`.
    let point: String
    let type: String
    let major: UInt64
    let minor: UInt64
    let isReadOnly: Bool
    /// The call on a thread of its own; nil if statfs(2) answers from memory and is called directly.
    let call: StatfsCall?

    /// `point` is the mount point as the host sees it.
    init(_ mount: borrowing Mount, at point: Span<UInt8>, below rootfs: Root, call: StatfsCall?) {
        let shown = point.copied
        path = (rootfs.path == "/" ? [] : Array(rootfs.path.utf8)) + shown + [0]
        source = mount.source.string
        self.point = shown.span.string
        type = mount.type.string
        major = mount.major
        minor = mount.minor
        isReadOnly = mount.isReadOnly
        self.call = call
        key = mount.source.copied + [0] + shown + [0] + mount.type.copied
        infoKey = key + Array("\0\(major):\(minor)".utf8)
    }

    /// A mount point as the host sees it. In a container without the host's process 1 the mount table is
    /// the container's own and has the host's mounts below `rootfs`; filters and statfs(2) then need
    /// the rest of the path.
    static func point(_ point: [UInt8], below rootfs: Root) -> [UInt8] {
        let prefix = Array(rootfs.path.utf8)
        // `/hostage` is not below `/host`.
        guard rootfs.path != "/", point.starts(with: prefix),
            point.count == prefix.count || point[prefix.count] == 0x2F
        else { return point }
        let rest = Array(point[prefix.count...])
        return rest.isEmpty ? [0x2F] : rest
    }

    /// Whether statfs(2) of this file system only reads memory: it needs no disk, server or process.
    static func isLocal(_ type: Span<UInt8>) -> Bool {
        for known in localTypes where type.equals(known) { return true }
        return false
    }

    private static let localTypes: [StaticString] = [
        "ext4", "xfs", "tmpfs", "btrfs", "ext2", "ext3", "vfat", "ramfs", "devtmpfs", "squashfs",
        "iso9660", "erofs", "f2fs", "hugetlbfs", "proc", "sysfs", "cgroup2", "cgroup",
    ]
}

/// The mount points under which a path can hang, because a server or a process answers for them.
struct RemotePoints {
    private var points: Set<[UInt8]> = []

    mutating func add(_ point: [UInt8]) {
        points.insert(point)
    }

    /// Whether the way to this mount point leads through one of them.
    func contain(_ point: [UInt8]) -> Bool {
        if points.isEmpty { return false }
        if points.contains([0x2F]) { return true }
        return point.indices.contains { index in
            index > 0 && point[index] == 0x2F && points.contains(Array(point[..<index]))
        }
    }
}
