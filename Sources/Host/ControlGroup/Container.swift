internal import Glibc
package import Kernel

/// Whether this process runs in a container: then it sees the container's files where it means the
/// machine's.
package enum Container {
    /// What gives the container away, for people; nil outside of one. `root` and `proc` are those
    /// that the process itself sees.
    package static func evidence(root: Root = Root("/"), proc: Root = Root("/proc")) -> String? {
        for marker in [".dockerenv", "run/.containerenv"] where root.exists(marker) {
            return root.path(of: marker)
        }
        if let path = find("1/cgroup", proc: proc, isEvidence: isContainerGroup) { return path }
        return find("self/mountinfo", proc: proc, isEvidence: isContainerRoot)
    }

    private static func find(
        _ name: String, proc: Root, isEvidence: (Cursor) -> Bool
    ) -> String? {
        guard let text = try? proc.attribute(name, limit: 1 << 20) else { return nil }
        var lines = Cursor(text.span)
        while let line = lines.line() {
            if isEvidence(line) { return proc.path(of: name) }
        }
        return nil
    }

    /// The group of the first process: `0::/` outside, and in a container with a namespace of its
    /// own; else the path that the container's manager made.
    static func isContainerGroup(_ line: Cursor) -> Bool {
        var line = line
        guard line.text(before: 0x3A) != nil, line.text(before: 0x3A) != nil else { return false }
        var parts = line
        while !parts.isAtEnd {
            let part = parts.part(endedBy: 0x2F)
            if part.equals("docker") || part.equals("lxc") || part.starts(with: "docker-")
                || part.starts(with: "libpod-") || part.starts(with: "crio-")
                || part.starts(with: "cri-containerd-") || part.starts(with: "kubepods")
                || part.starts(with: "lxc.payload")
            {
                return true
            }
        }
        return false
    }

    /// The root is an overlay whose layers a container's manager keeps. Live systems have overlays
    /// too, of other layers.
    static func isContainerRoot(_ line: Cursor) -> Bool {
        guard let mount = Mount(line), mount.point.equals("/"), mount.type.equals("overlay")
        else { return false }
        var parts = Cursor(mount.superOptions)
        while !parts.isAtEnd {
            let part = parts.part(endedBy: 0x2F)
            if part.equals("docker") || part.equals("containerd") || part.equals("containers")
                || part.starts(with: "io.containerd.")
            {
                return true
            }
        }
        return false
    }
}
