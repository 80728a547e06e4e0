internal import Exposition
internal import Kernel

/// Caches for block devices (Documentation/admin-guide/bcache.rst, "Sysfs").
struct Bcache: Collector, ~Copyable {
    static var name: String { "bcache" }

    private typealias Labels = [(name: String, value: String)]
    private typealias Line = (key: String, name: String, help: String)

    private static let setRows = [
        row(
            "average_key_size", as: "average_key_size_sectors",
            help:
                "Average data per key in the btree (sectors)."
        ),
        row(
            "btree_cache_size", as: "btree_cache_size_bytes",
            help:
                "Amount of memory currently used by the btree cache."
        ),
        row(
            "cache_available_percent", as: "cache_available_percent",
            help:
                "Percentage of cache device without dirty data, usable for writeback (may contain clean cached data)."
        ),
        row(
            "congested", as: "congested",
            help:
                "Congestion."
        ),
        row(
            "root_usage_percent", as: "root_usage_percent",
            help:
                "Percentage of the root btree node in use (tree depth increases if too high)."
        ),
        row(
            "tree_depth", as: "tree_depth",
            help:
                "Depth of the btree."
        ),
        row(
            "internal/active_journal_entries", as: "active_journal_entries",
            help:
                "Number of journal entries that are newer than the index."
        ),
        row(
            "internal/btree_nodes", as: "btree_nodes",
            help:
                "Total nodes in the btree."
        ),
        row(
            "internal/btree_read_average_duration_us", as: "btree_read_average_duration_seconds",
            help:
                "Average btree read duration."
        ),
        row(
            "internal/cache_read_races", as: "cache_read_races_total",
            help:
                "Counts instances where while data was being read from the cache, the bucket was reused and invalidated - i.e. where the pointer was stale after the read completed."
        ),
    ]

    private static let backingRows = [
        row(
            "dirty_data", as: "dirty_data_bytes",
            help:
                "Amount of dirty data for this backing device in the cache."
        ),
        row(
            "stats_total/bypassed", as: "bypassed_bytes_total",
            help:
                "Amount of IO (both reads and writes) that has bypassed the cache."
        ),
        row(
            "stats_total/cache_hits", as: "cache_hits_total",
            help:
                "Hits counted per individual IO as bcache sees them."
        ),
        row(
            "stats_total/cache_misses", as: "cache_misses_total",
            help:
                "Misses counted per individual IO as bcache sees them."
        ),
        row(
            "stats_total/cache_bypass_hits", as: "cache_bypass_hits_total",
            help:
                "Hits for IO intended to skip the cache."
        ),
        row(
            "stats_total/cache_bypass_misses", as: "cache_bypass_misses_total",
            help:
                "Misses for IO intended to skip the cache."
        ),
        row(
            "stats_total/cache_miss_collisions", as: "cache_miss_collisions_total",
            help:
                "Instances where data insertion from cache miss raced with write (data already present)."
        ),
        row(
            "stats_total/cache_readaheads", as: "cache_readaheads_total",
            help:
                "Count of times readahead occurred."
        ),
    ]

    private static let cacheRows = [
        row(
            "io_errors", as: "io_errors",
            help:
                "Number of errors that have occurred, decayed by io_error_halflife."
        ),
        row(
            "metadata_written", as: "metadata_written_bytes_total",
            help:
                "Sum of all non data writes (btree writes and all other metadata)."
        ),
        row(
            "written", as: "written_bytes_total",
            help:
                "Sum of all data that has been written to the cache."
        ),
    ]

    /// Lines of writeback_rate_debug.
    private static let rates: [Line] = [
        (
            "target", "dirty_target_bytes",
            "Current dirty data target threshold for this backing device in bytes."
        ),
        ("rate", "writeback_rate", "Current writeback rate for this backing device in bytes."),
        (
            "proportional", "writeback_rate_proportional_term",
            "Current result of proportional controller, part of writeback rate"
        ),
        (
            "integral", "writeback_rate_integral_term",
            "Current result of integral controller, part of writeback rate"
        ),
        ("change", "writeback_change", "Last writeback rate change step for this backing device."),
    ]

    /// Lines of priority_stats.
    private static let priorities: [Line] = [
        (
            "Unused", "priority_stats_unused_percent",
            "The percentage of the cache that doesn't contain any data."
        ),
        ("Metadata", "priority_stats_metadata_percent", "Bcache's metadata overhead."),
    ]

    private var directory: DeviceDirectory
    private let showsPriorities: Bool
    private var readings = AttributeFamilies()
    private var rates = KeyedLines(rates.map { ($0.key, "node_bcache_" + $0.name, $0.help) })
    private var priorities = KeyedLines(
        priorities.map { ($0.key, "node_bcache_" + $0.name, $0.help) })

    /// `showsPriorities` reads priority_stats, for which the kernel sorts all buckets.
    init(_ machine: CollectorResources, showsPriorities: Bool) {
        directory = DeviceDirectory(machine, path: "fs/bcache", isAnnounced: false)
        self.showsPriorities = showsPriorities
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        if let names = try directory.look(&scrape) { find(names) }
        if readings.write(&scrape, to: &page) { directory.lookSoon() }
        if rates.write(&scrape, to: &page) { directory.lookSoon() }
        if priorities.write(&scrape, to: &page) { directory.lookSoon() }
    }

    private mutating func find(_ names: [String]) {
        readings.begin()
        rates.begin()
        priorities.begin()
        // The directory also has the files that register caches.
        for name in names where name.contains("-") {
            let folder = "\(directory.path)/\(name)"
            let labels = [("uuid", name)]
            add(Bcache.setRows, folder: folder, labels: labels)
            for device in ((try? directory.root.names(in: folder)) ?? []).sorted() {
                let path = "\(folder)/\(device)"
                if Bcache.isNumbered(device, prefix: "bdev") {
                    let labels = labels + [("backing_device", device)]
                    add(Bcache.backingRows, folder: path, labels: labels)
                    rates.add(directory.root, file: "\(path)/writeback_rate_debug", labels: labels)
                } else if Bcache.isNumbered(device, prefix: "cache") {
                    let labels = labels + [("cache_device", device)]
                    add(Bcache.cacheRows, folder: path, labels: labels)
                    if showsPriorities {
                        priorities.add(
                            directory.root, file: "\(path)/priority_stats", labels: labels)
                    }
                }
            }
        }
        readings.end()
    }

    private mutating func add(_ rows: [AttributeRow], folder: String, labels: Labels) {
        readings.add(
            rows.filter { directory.root.exists("\(folder)/\($0.file)") }, in: folder,
            of: directory.root, labels: labels)
    }

    private static func row(_ file: String, as name: String, help: String) -> AttributeRow {
        let isReadahead = name == "cache_readaheads_total"
        return AttributeRow(
            file, family: "node_bcache_\(name)", help: help,
            form: isReadahead ? .abbreviatedAboveZero : .abbreviated,
            // The file's name has the unit microseconds, but the values are nanoseconds.
            scale: name.hasSuffix("_seconds") ? .times(1e-9) : .times(1), mayBeText: isReadahead)
    }

    private static func isNumbered(_ name: String, prefix: String) -> Bool {
        guard name.hasPrefix(prefix), let digit = name.dropFirst(prefix.count).utf8.first else {
            return false
        }
        return digit >= 0x30 && digit <= 0x39
    }
}
