internal import Exposition
internal import Kernel
internal import Wire

/// Statistics of ZFS, its pools and their datasets (/proc/spl/kstat/zfs of OpenZFS).
struct ZFS: Collector, ~Copyable {
    static var name: String { "zfs" }

    private static let states = [
        "online", "degraded", "faulted", "offline", "removed", "unavail", "suspended",
    ]

    /// Files about the whole module, and what their metrics begin with.
    private static let files = [
        ("abdstats", "zfs_abd"), ("arcstats", "zfs_arc"), ("dbufstats", "zfs_dbuf"),
        ("dmu_tx", "zfs_dmu_tx"), ("dnodestats", "zfs_dnode"), ("fm", "zfs_fm"),
        ("vdev_cache_stats", "zfs_vdev_cache"), ("vdev_mirror_stats", "zfs_vdev_mirror"),
        ("xuio_stats", "zfs_xuio"), ("zfetchstats", "zfs_zfetch"), ("zil", "zfs_zil"),
    ]

    /// A file of statistics and the table that shows it.
    private final class Source {
        var file: KernelFile
        var table: StatisticTable

        init(_ file: consuming KernelFile, prefix: String, origin: String) {
            self.file = file
            table = ZFS.makeTable(prefix: prefix, origin: origin)
        }
    }

    private final class PoolFile {
        let pool: String
        let key: [UInt8]
        var file: KernelFile

        init(_ pool: String, file: consuming KernelFile) {
            self.pool = pool
            key = Array(file.path.utf8)
            self.file = file
        }
    }

    private var directory: DeviceDirectory
    private var sources: [Source] = []
    private var pools: [String] = []
    private var listings: [[String]] = []
    private var io: [PoolFile] = []
    private var datasets: [PoolFile] = []
    private var states: [PoolFile] = []
    private var ioTable = makeTable(prefix: "zfs_zpool", origin: "io")
    private var datasetTable = makeTable(prefix: "zfs_zpool_dataset", origin: "objset")
    private var stateTable: SeriesTable

    init(_ machine: CollectorResources) {
        directory = DeviceDirectory(
            machine, path: "spl/kstat/zfs", in: machine.roots.proc, isAnnounced: false)
        let family = Family("node_zfs_zpool_state", kind: .gauge, help: "kstat.zfs.misc.state")
        stateTable = SeriesTable(
            ZFS.states.map { SeriesTable.Column(family, labels: [("state", $0)]) })
    }

    private static func makeTable(prefix: String, origin: String) -> StatisticTable {
        StatisticTable { name in
            let shown = String(name.map { $0 == "-" ? "_" : $0 })
            let full = "node_\(prefix)_\(shown)"
            guard full.utf8Span.span.isMetricName else { return nil }
            return Family(full, kind: .untyped, help: "kstat.zfs.misc.\(origin).\(name)")
        }
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        if let names = try directory.look(&scrape) { find(names) }
        findDatasets()
        for source in sources {
            guard (try? scrape.read(&source.file)) != nil else { continue }
            var skipped = 0
            repeat {
                source.table.begin()
                skipped = ZFS.parse(scrape.text.bytes, into: &source.table)
            } while !source.table.end()
            scrape.skippedLines += skipped
            source.table.write(to: &page)
        }
        collectIO(&scrape)
        ioTable.write(to: &page)
        collectDatasets(&scrape)
        datasetTable.write(to: &page)
        collectStates(&scrape)
        stateTable.write(to: &page)
    }

    private mutating func find(_ names: [String]) {
        let there = Set(names)
        sources = ZFS.files.filter { there.contains($0.0) }.map { file, prefix in
            Source(
                directory.root.file("\(directory.path)/\(file)"), prefix: prefix, origin: file)
        }
        pools = names.filter { directory.root.isDirectory("\(directory.path)/\($0)") }
        listings = []
    }

    /// Reads the names of the datasets. ZFS sends no uevent when a dataset is created or destroyed,
    /// so every scrape lists the directories.
    private mutating func findDatasets() {
        let now = pools.map {
            ((try? directory.root.names(in: "\(directory.path)/\($0)")) ?? []).sorted()
        }
        if now == listings { return }
        listings = now
        (io, datasets, states) = ([], [], [])
        for (pool, names) in zip(pools, now) {
            for name in names {
                let file = { [directory] in
                    directory.root.file("\(directory.path)/\(pool)/\(name)", limit: 64 << 10)
                }
                if name == "io" {
                    io.append(PoolFile(pool, file: file()))
                } else if name == "state" {
                    states.append(PoolFile(pool, file: file()))
                } else if name.hasPrefix("objset-") {
                    datasets.append(PoolFile(pool, file: file()))
                }
            }
        }
    }

    private mutating func collectIO(_ scrape: inout CollectionContext) {
        var skipped = 0
        repeat {
            skipped = 0
            ioTable.begin()
            for pool in io where (try? scrape.read(&pool.file)) != nil {
                let key = pool.key
                guard let row = ioTable.row(key.span, labels: { [("zpool", pool.pool)] }) else {
                    continue
                }
                if !ZFS.parseIO(scrape.text.bytes, row: row, into: &ioTable) {
                    skipped += 1
                }
            }
        } while !ioTable.end()
        scrape.skippedLines += skipped
    }

    private mutating func collectDatasets(_ scrape: inout CollectionContext) {
        var skipped = 0
        repeat {
            skipped = 0
            datasetTable.begin()
            for pool in datasets where (try? scrape.read(&pool.file)) != nil {
                let key = pool.key
                skipped += ZFS.parse(
                    scrape.text.bytes, into: &datasetTable, dataset: (pool.pool, key))
            }
        } while !datasetTable.end()
        scrape.skippedLines += skipped
    }

    private mutating func collectStates(_ scrape: inout CollectionContext) {
        stateTable.begin()
        for pool in states where (try? scrape.read(&pool.file)) != nil {
            let key = pool.key
            guard let row = stateTable.row(key.span, labels: { [("zpool", pool.pool)] }) else {
                continue
            }
            let state = scrape.text.bytes.trimmed
            for (column, name) in ZFS.states.enumerated() {
                stateTable[row, column] =
                    state.string.lowercased() == name ? 1 : 0
            }
        }
        stateTable.end()
    }

    /// Parses lines of a name, a type and a value after the line `name type data`. Returns the number
    /// of invalid lines. A dataset's file has the name in a separate line, which makes its row.
    static func parse(
        _ text: Span<UInt8>, into table: inout StatisticTable,
        dataset: (pool: String, key: [UInt8])? = nil
    ) -> Int {
        var skipped = 0
        var row: Int?
        if dataset == nil { row = table.row("".utf8Span.span, labels: { [] }) }
        var lines = Cursor(text)
        guard skipHead(&lines) else { return 1 }
        while var line = lines.line() {
            guard let name = line.word(), let type = line.word() else {
                skipped += 1
                continue
            }
            line.skipBlanks()
            let value = line.rest
            if let dataset, name.equals("dataset_name") {
                row = table.row(
                    dataset.key.span,
                    labels: { [("zpool", dataset.pool), ("dataset", value.string)] })
                continue
            }
            let number: Double?
            if type.equals("4") {
                number = value.trimmed.unsigned.map { Double($0) }
            } else if type.equals("3"), dataset == nil {
                number = value.trimmed.signed.map { Double($0) }
            } else {
                if type.unsigned == nil { skipped += 1 }
                continue
            }
            guard let number, let row, table.set(row, name: name, value: number) else {
                skipped += 1
                continue
            }
        }
        return skipped
    }

    private static func skipHead(_ lines: inout Cursor) -> Bool {
        while var line = lines.line() {
            if let first = line.word(), first.equals("name"), let second = line.word(),
                second.equals("type"), let third = line.word(), third.equals("data")
            {
                return true
            }
        }
        return false
    }

    /// A line of names, then one of values.
    static func parseIO(
        _ text: Span<UInt8>, row: Int, into table: inout StatisticTable
    ) -> Bool {
        var lines = Cursor(text)
        while let head = lines.line() {
            var names = head
            guard let first = names.word(), first.equals("nread") else { continue }
            guard var values = lines.line() else { return false }
            names = head
            while let name = names.word() {
                guard let value = values.field(),
                    table.set(row, name: name, value: Double(value))
                else { return false }
            }
            return true
        }
        // Later versions keep the file and no longer count.
        return true
    }
}
