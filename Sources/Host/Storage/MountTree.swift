internal import Kernel

/// Which mounts of a mount table a path still leads to.
///
/// A mount over the same directory, or over one above it, hides a mount: statfs(2) of its mount point
/// is then answered by another file system or fails. `/nix/store` mounted read-only over itself is an
/// example: only the upper mount's options hold.
struct MountTree {
    private struct Entry {
        let identifier: UInt64
        let parent: UInt64
        let point: [UInt8]
    }

    private struct Place: Hashable {
        let parent: UInt64
        let point: [UInt8]
    }

    private var entries: [Entry] = []
    private(set) var isHidden: [Bool] = []

    /// Reads the mounts of `text`; the results are in the order of the lines that `Mount` accepts.
    init(_ text: Span<UInt8>) {
        var lines = Cursor(text)
        while let line = lines.line() {
            guard let mount = Mount(line) else { continue }
            entries.append(
                Entry(
                    identifier: mount.identifier, parent: mount.parent, point: mount.point.copied))
        }
        isHidden = entries.map { _ in false }
        hideCovered()
        hideUnreachable()
    }

    /// Hides all but the uppermost of the mounts on one directory.
    private mutating func hideCovered() {
        var byPoint: [[UInt8]: [Int]] = [:]
        for (index, entry) in entries.enumerated() {
            byPoint[entry.point, default: []].append(index)
        }
        for (_, stack) in byPoint where stack.count > 1 {
            // Each mount of the stack is attached to the one below it; the uppermost carries none.
            // The order of lines is not sufficient: MOVE_MOUNT_BENEATH (Linux 6.5) puts a later
            // mount below.
            let carriers = Set(
                stack.filter { entries[$0].parent != entries[$0].identifier }
                    .map { entries[$0].parent })
            let top =
                stack.last { !carriers.contains(entries[$0].identifier) } ?? stack[stack.count - 1]
            for index in stack where index != top { isHidden[index] = true }
        }
    }

    /// Hides the mounts below a directory on which something has been mounted later.
    private mutating func hideUnreachable() {
        var lastIndex: [Place: Int] = [:]
        var byIdentifier: [UInt64: Int] = [:]
        for (index, entry) in entries.enumerated() {
            lastIndex[Place(parent: entry.parent, point: entry.point)] = index
            byIdentifier[entry.identifier] = index
        }
        var isUnreachable = entries.map { _ in false }
        for (index, entry) in entries.enumerated() {
            // Parents have earlier lines than what is attached to them.
            if let parent = byIdentifier[entry.parent], parent < index, isUnreachable[parent] {
                isUnreachable[index] = true
            } else {
                isUnreachable[index] = MountTree.ancestors(of: entry.point).contains { ancestor in
                    let place = Place(parent: entry.parent, point: ancestor)
                    return lastIndex[place].map { $0 > index } ?? false
                }
            }
            if isUnreachable[index] { isHidden[index] = true }
        }
    }

    /// The directories above a path, `/` first.
    private static func ancestors(of point: [UInt8]) -> [[UInt8]] {
        if point == [0x2F] { return [] }
        return point.indices.filter { point[$0] == 0x2F }.map {
            $0 == 0 ? [0x2F] : Array(point[..<$0])
        }
    }
}
