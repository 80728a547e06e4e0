internal import Exposition
internal import Kernel

/// Counters of mounted XFS file systems (Documentation/admin-guide/xfs.rst; the columns are those
/// of fs/xfs/xfs_stats.h).
struct XFS: Collector, ~Copyable {
    static var name: String { "xfs" }

    /// A line of the file and what its columns are called.
    private struct Line {
        let name: String
        let columns: [(name: String, help: String)]
    }

    private static let lines = [
        Line(
            name: "extent_alloc",
            columns: [
                named("extent_allocation_extents_allocated", help: "Number of extents allocated"),
                named("extent_allocation_blocks_allocated", help: "Number of blocks allocated"),
                named("extent_allocation_extents_freed", help: "Number of extents freed"),
                named("extent_allocation_blocks_freed", help: "Number of blocks freed"),
            ]),
        Line(name: "abt", columns: tree("allocation_btree", shown: "allocation B-tree")),
        Line(
            name: "blk_map",
            columns: [
                named("block_mapping_reads", help: "Number of block map for read operations"),
                named("block_mapping_writes", help: "Number of block map for write operations"),
                named("block_mapping_unmaps", help: "Number of block unmaps (deletes)"),
                named(
                    "block_mapping_extent_list_insertions", help: "Number of extent list insertions"
                ),
                named(
                    "block_mapping_extent_list_deletions", help: "Number of extent list deletions"),
                named("block_mapping_extent_list_lookups", help: "Number of extent list lookups"),
                named("block_mapping_extent_list_compares", help: "Number of extent list compares"),
            ]),
        Line(name: "bmbt", columns: tree("block_map_btree", shown: "block map B-tree")),
        Line(
            name: "dir",
            columns: [
                (
                    "directory_operation_lookup_total",
                    "Number of file name directory lookups which miss the operating systems directory name lookup cache."
                ),
                named(
                    "directory_operation_create",
                    help: "Number of times a new directory entry was created"),
                named(
                    "directory_operation_remove",
                    help: "Number of times an existing directory entry was created"),
                named(
                    "directory_operation_getdents",
                    help: "Number of times the directory getdents operation was performed"),
            ]),
        Line(
            name: "ig",
            columns: [
                (
                    "inode_operation_attempts_total",
                    "Number of times the OS looked for an XFS inode in the inode cache."
                ),
                (
                    "inode_operation_found_total",
                    "Number of times the OS looked for and found an XFS inode in the inode cache."
                ),
                (
                    "inode_operation_recycled_total",
                    "Number of times the OS found an XFS inode in the cache, but could not use it as it was being recycled."
                ),
                (
                    "inode_operation_missed_total",
                    "Number of times the OS looked for an XFS inode in the cache, but did not find it."
                ),
                (
                    "inode_operation_duplicates_total",
                    "Number of times the OS tried to add a missing XFS inode to the inode cache, but found it had already been added by another process."
                ),
                (
                    "inode_operation_reclaims_total",
                    "Number of times the OS reclaimed an XFS inode from the inode cache to free memory for another purpose."
                ),
                (
                    "inode_operation_attribute_changes_total",
                    "Number of times the OS explicitly changed the attributes of an XFS inode."
                ),
            ]),
        Line(
            name: "rw",
            columns: [
                (
                    "write_calls_total",
                    "Number of write(2) system calls made to files in a filesystem."
                ),
                (
                    "read_calls_total",
                    "Number of read(2) system calls made to files in a filesystem."
                ),
            ]),
        Line(
            name: "vnodes",
            columns: [
                named("vnode_active", help: "Number of vnodes not on free lists"),
                named("vnode_allocate", help: "Number of times vn_alloc called"),
                named("vnode_get", help: "Number of times vn_get called"),
                named("vnode_hold", help: "Number of times vn_hold called"),
                named("vnode_release", help: "Number of times vn_rele called"),
                named("vnode_reclaim", help: "Number of times vn_reclaim called"),
                named("vnode_remove", help: "Number of times vn_remove called"),
            ]),
    ]

    private final class Filesystem {
        let device: String
        let key: [UInt8]
        var file: KernelFile

        init(_ device: String, file: consuming KernelFile) {
            self.device = device
            key = Array(device.utf8)
            self.file = file
        }
    }

    private var directory: DeviceDirectory
    private var filesystems: [Filesystem] = []
    private let names = XFS.lines.map { Array($0.name.utf8) }
    private let firstColumns: [Int]
    private var table: SeriesTable

    init(_ machine: CollectorResources) {
        directory = DeviceDirectory(machine, path: "fs/xfs", isAnnounced: false)
        var first: [Int] = []
        var columns: [SeriesTable.Column] = []
        for line in XFS.lines {
            first.append(columns.count)
            for column in line.columns {
                columns.append(
                    SeriesTable.Column(
                        Family("node_xfs_\(column.name)", kind: .counter, help: column.help)))
            }
        }
        firstColumns = first
        table = SeriesTable(columns)
    }

    private static func named(_ name: String, help: String) -> (name: String, help: String) {
        ("\(name)_total", "\(help) for a filesystem.")
    }

    private static func tree(_ name: String, shown: String) -> [(name: String, help: String)] {
        [
            named("\(name)_lookups", help: "Number of \(shown) lookups"),
            named("\(name)_compares", help: "Number of \(shown) compares"),
            named("\(name)_records_inserted", help: "Number of \(shown) records inserted"),
            named("\(name)_records_deleted", help: "Number of \(shown) records deleted"),
        ]
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        if let names = try directory.look(&scrape) { find(names) }
        table.begin()
        for filesystem in filesystems {
            guard (try? scrape.read(&filesystem.file)) != nil else { continue }
            let key = filesystem.key
            guard
                let row = table.row(
                    key.span, labels: { [("device", filesystem.device)] })
            else { continue }
            scrape.skippedLines += parse(scrape.text.bytes, row: row)
        }
        table.end()
        table.write(to: &page)
    }

    private mutating func find(_ names: [String]) {
        filesystems = names.compactMap { name in
            let path = "\(directory.path)/\(name)/stats/stats"
            guard directory.root.exists(path) else { return nil }
            let file = directory.root.file(path, limit: 64 << 10, isOneRecord: true)
            return Filesystem(name, file: file)
        }
    }

    /// Returns the number of invalid lines, or 1 if no line has a known name. Lines with unknown
    /// names are ignored, because later kernels add some.
    private mutating func parse(_ text: Span<UInt8>, row: Int) -> Int {
        var skipped = 0
        var known = 0
        var lines = Cursor(text)
        while var line = lines.line() {
            guard let name = line.word() else { continue }
            guard let index = place(of: name) else { continue }
            known += 1
            if !fill(index, line: &line, row: row) { skipped += 1 }
        }
        return known == 0 ? 1 : skipped
    }

    private func place(of name: Span<UInt8>) -> Int? {
        for index in names.indices where name.equals(names[index]) { return index }
        return nil
    }

    private mutating func fill(_ index: Int, line: inout Cursor, row: Int) -> Bool {
        let count = XFS.lines[index].columns.count
        var values: [8 of UInt64] = .init(repeating: 0)
        for column in 0..<count {
            guard let value = line.field() else { return false }
            values[column] = value
        }
        for column in 0..<count {
            table[row, firstColumns[index] + column] = Double(values[column])
        }
        return true
    }
}
