internal import Exposition
internal import Kernel

/// Caches for block devices (Documentation/admin-guide/bcache.rst, "Sysfs").
struct Bcache: Collector, ~Copyable {
    static var name: String { "bcache" }

    private typealias Labels = [(name: String, value: String)]
    private typealias File = (file: String, name: String, help: String)

    private static let setFiles: [File] = [
        (
            "average_key_size", "average_key_size_sectors",
            "Average data per key in the btree (sectors)."
        ),
        (
            "btree_cache_size", "btree_cache_size_bytes",
            "Amount of memory currently used by the btree cache."
        ),
        (
            "cache_available_percent", "cache_available_percent",
            "Percentage of cache device without dirty data, usable for writeback (may contain clean cached data)."
        ),
        ("congested", "congested", "Congestion."),
        (
            "root_usage_percent", "root_usage_percent",
            "Percentage of the root btree node in use (tree depth increases if too high)."
        ),
        ("tree_depth", "tree_depth", "Depth of the btree."),
        (
            "internal/active_journal_entries", "active_journal_entries",
            "Number of journal entries that are newer than the index."
        ),
        ("internal/btree_nodes", "btree_nodes", "Total nodes in the btree."),
        (
            "internal/btree_read_average_duration_us", "btree_read_average_duration_seconds",
            "Average btree read duration."
        ),
        (
            "internal/cache_read_races", "cache_read_races_total",
            "Counts instances where while data was being read from the cache, the bucket was reused and invalidated - i.e. where the pointer was stale after the read completed."
        ),
    ]

    private static let backingFiles: [File] = [
        (
            "dirty_data", "dirty_data_bytes",
            "Amount of dirty data for this backing device in the cache."
        ),
        (
            "stats_total/bypassed", "bypassed_bytes_total",
            "Amount of IO (both reads and writes) that has bypassed the cache."
        ),
        (
            "stats_total/cache_hits", "cache_hits_total",
            "Hits counted per individual IO as bcache sees them."
        ),
        (
            "stats_total/cache_misses", "cache_misses_total",
            "Misses counted per individual IO as bcache sees them."
        ),
        (
            "stats_total/cache_bypass_hits", "cache_bypass_hits_total",
            "Hits for IO intended to skip the cache."
        ),
        (
            "stats_total/cache_bypass_misses", "cache_bypass_misses_total",
            "Misses for IO intended to skip the cache."
        ),
        (
            "stats_total/cache_miss_collisions", "cache_miss_collisions_total",
            "Instances where data insertion from cache miss raced with write (data already present)."
        ),
        (
            "stats_total/cache_readaheads", "cache_readaheads_total",
            "Count of times readahead occurred."
        ),
    ]

    private static let cacheFiles: [File] = [
        (
            "io_errors", "io_errors",
            "Number of errors that have occurred, decayed by io_error_halflife."
        ),
        (
            "metadata_written", "metadata_written_bytes_total",
            "Sum of all non data writes (btree writes and all other metadata)."
        ),
        ("written", "written_bytes_total", "Sum of all data that has been written to the cache."),
    ]

    /// Lines of writeback_rate_debug.
    private static let rates: [File] = [
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
    private static let priorities: [File] = [
        (
            "Unused", "priority_stats_unused_percent",
            "The percentage of the cache that doesn't contain any data."
        ),
        ("Metadata", "priority_stats_metadata_percent", "Bcache's metadata overhead."),
    ]

    private var directory: DeviceDirectory
    private let showsPriorities: Bool
    private var readings = AttributeFamilies()
    private var rates = KeyedLines(rates.map { ($0.file, "node_bcache_" + $0.name, $0.help) })
    private var priorities = KeyedLines(
        priorities.map { ($0.file, "node_bcache_" + $0.name, $0.help) })

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
            for file in Bcache.setFiles { add(file, folder: folder, labels: labels) }
            for device in ((try? directory.root.names(in: folder)) ?? []).sorted() {
                let path = "\(folder)/\(device)"
                if Bcache.isNumbered(device, prefix: "bdev") {
                    let labels = labels + [("backing_device", device)]
                    for file in Bcache.backingFiles { add(file, folder: path, labels: labels) }
                    rates.add(directory.root, file: "\(path)/writeback_rate_debug", labels: labels)
                } else if Bcache.isNumbered(device, prefix: "cache") {
                    let labels = labels + [("cache_device", device)]
                    for file in Bcache.cacheFiles { add(file, folder: path, labels: labels) }
                    if showsPriorities {
                        priorities.add(
                            directory.root, file: "\(path)/priority_stats", labels: labels)
                    }
                }
            }
        }
        readings.end()
    }

    private mutating func add(_ file: File, folder: String, labels: Labels) {
        guard directory.root.exists("\(folder)/\(file.file)") else { return }
        let full = "node_bcache_" + file.name
        let isReadahead = file.name == "cache_readaheads_total"
        readings.add(
            directory.root, file: "\(folder)/\(file.file)", to: full, labels: labels,
            form: isReadahead ? .abbreviatedAboveZero : .abbreviated,
            // The file's name has the unit microseconds, but the values are nanoseconds.
            scale: file.name.hasSuffix("_seconds") ? .times(1e-9) : .times(1),
            mayBeText: isReadahead,
            family: {
                Family(full, kind: full.hasSuffix("_total") ? .counter : .gauge, help: file.help)
            })
    }

    private static func isNumbered(_ name: String, prefix: String) -> Bool {
        guard name.hasPrefix(prefix), let digit = name.dropFirst(prefix.count).utf8.first else {
            return false
        }
        return digit >= 0x30 && digit <= 0x39
    }
}
