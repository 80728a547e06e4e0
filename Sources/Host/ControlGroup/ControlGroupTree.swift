internal import Glibc
internal import Kernel
internal import Settings

/// The hierarchy of cgroup v2 (Documentation/admin-guide/cgroup-v2.rst) as directories.
struct ControlGroupTree: Sendable {
    /// Directories below this many others are not looked into.
    static var depthLimit: Int { 32 }
    /// Directories that one walk looks into.
    static var walkLimit: Int { 20_000 }

    /// What a walk found and what it left out.
    struct Walk {
        /// Such as `/system.slice/x.service`, parents before children; `/` is the root.
        var groups: [String] = []
        /// Groups that matched beyond the limit.
        var beyondLimit: UInt64 = 0
        /// Directories that were too deep or too many.
        var notWalked: UInt64 = 0
        fileprivate var walked = 0
    }

    /// Where the hierarchy is mounted.
    let root: Root

    /// Nil on a machine without cgroup v2. If version 1 is mounted too, version 2 is in `unified`.
    init?(_ sys: Root) {
        guard
            let folder = ["fs/cgroup", "fs/cgroup/unified"].first(where: {
                sys.exists("\($0)/cgroup.controllers")
            })
        else { return nil }
        root = Root(sys.path(of: folder))
    }

    /// The groups that pass, at most `limit`.
    func walk(_ filter: Filter, limit: Int) -> Walk {
        var walk = Walk()
        take("/", filter: filter, limit: limit, walk: &walk)
        descend("", depth: 0, filter: filter, limit: limit, walk: &walk)
        return walk
    }

    private func descend(
        _ parent: String, depth: Int, filter: Filter, limit: Int, walk: inout Walk
    ) {
        if depth >= ControlGroupTree.depthLimit || walk.walked >= ControlGroupTree.walkLimit {
            walk.notWalked &+= 1
            return
        }
        walk.walked += 1
        for name in ((try? root.directoryNames(in: parent)) ?? []).sorted() {
            let group = "\(parent)/\(name)"
            take(group, filter: filter, limit: limit, walk: &walk)
            if hasFolders(group) {
                descend(group, depth: depth + 1, filter: filter, limit: limit, walk: &walk)
            }
        }
    }

    private func take(_ group: String, filter: Filter, limit: Int, walk: inout Walk) {
        guard filter.matches(group.utf8Span.span) else { return }
        if walk.groups.count < limit {
            walk.groups.append(group)
        } else {
            walk.beyondLimit &+= 1
        }
    }

    /// Whether a directory has subdirectories, from its link count (1 on file systems that do not
    /// maintain it). This avoids reading the many directories without any.
    private func hasFolders(_ group: String) -> Bool {
        var about = stat()
        return unsafe lstat(root.path(of: group), &about) == 0 && about.st_nlink != 2
    }
}
