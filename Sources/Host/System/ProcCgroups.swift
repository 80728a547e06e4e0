internal import Exposition
internal import Kernel

/// The controllers of control groups: /proc/cgroups (cgroups(7)).
struct ProcCgroups: FileCollector, ~Copyable {
    static var name: String { "cgroups" }

    static var fileRole: FileRole { .subject }

    var file: KernelFile
    private var table = SeriesTable([
        .init(
            Family(
                "node_cgroups_cgroups", kind: .gauge,
                help: "Current cgroup number of the subsystem.")),
        .init(
            Family(
                "node_cgroups_enabled", kind: .gauge,
                help: "Current cgroup number of the subsystem.")),
    ])

    init(_ roots: FilesystemRoots) {
        file = roots.proc.file("cgroups")
    }

    func write(to page: inout Page) {
        table.write(to: &page)
    }

    /// Lines of a name, the number of a hierarchy, how many groups, and whether it is switched on.
    /// Returns those that could not be used.
    mutating func parse(_ text: Span<UInt8>) -> Int? {
        var skipped = 0
        table.begin()
        var lines = Cursor(text)
        while var line = lines.line() {
            if line.peek == 0x23 { continue }
            guard let name = line.word(), line.signedField() != nil,
                let groups = line.signedField(), let enabled = line.signedField(),
                let row = table.row(name, labels: { [("subsys_name", name.string)] })
            else {
                skipped += 1
                continue
            }
            table[row, 0] = groups
            table[row, 1] = enabled
        }
        table.end()
        // Every kernel with this file has a controller.
        return table.rowCount == 0 ? skipped + 1 : skipped
    }
}
