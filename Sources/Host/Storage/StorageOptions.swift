internal import ArgumentParser
internal import Settings

/// What can be set about disks and file systems.
struct StorageOptions: ParsableArguments {
    @OptionGroup(title: "Collector diskstats") var disk: DiskOptions
    @OptionGroup(title: "Collector filesystem") var filesystem: FilesystemOptions

    @Option(
        name: .customLong("collector.tapestats.ignored-devices"),
        help: ArgumentHelp("Regexp of tape drives to leave out.", valueName: "regexp"))
    var ignoredTapes = "^$"

    @Flag var cachePriorities: [CachePrioritySwitch] = []

    func settings(_ errors: inout ValidationErrors) -> StorageSettings {
        StorageSettings(
            disks: disk.filter(&errors), filesystem: filesystem.settings(&errors),
            tapes: Filter(
                flag: "--collector.tapestats.ignored-devices", include: nil, exclude: ignoredTapes,
                errors: &errors),
            showsCachePriorities: cachePriorities.last == .on)
    }
}

/// `--collector.bcache.priorityStats` and its negative form, which `inversion: .prefixedNo` would write
/// in lower case. The last one on the command line decides.
enum CachePrioritySwitch: EnumerableFlag {
    case on, off

    static func name(for value: CachePrioritySwitch) -> NameSpecification {
        .customLong("\(value == .on ? "" : "no-")collector.bcache.priorityStats")
    }

    static func help(for value: CachePrioritySwitch) -> ArgumentHelp? {
        value == .on ? "Also read the priorities of buckets, which is expensive." : .hidden
    }
}

struct StorageSettings: Sendable {
    let disks: Filter
    let filesystem: FilesystemSettings
    let tapes: Filter
    let showsCachePriorities: Bool
}

struct DiskOptions: ParsableArguments {
    /// Partitions, and devices that live in memory.
    static let standardExclude = #"^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$"#

    @Option(
        name: .customLong("collector.diskstats.device-exclude"),
        help: ArgumentHelp("Regexp of devices to leave out.", valueName: "regexp"))
    var exclude: String?
    @Option(
        name: .customLong("collector.diskstats.ignored-devices"),
        help: ArgumentHelp("Old name of device-exclude.", visibility: .hidden))
    var ignored: String?
    @Option(
        name: .customLong("collector.diskstats.device-include"),
        help: ArgumentHelp("Regexp of devices to show alone.", valueName: "regexp"))
    var include: String?

    func filter(_ errors: inout ValidationErrors) -> Filter {
        Filter(
            flag: "--collector.diskstats.device", include: include, exclude: exclude ?? ignored,
            standardExclude: DiskOptions.standardExclude, errors: &errors)
    }
}

struct FilesystemOptions: ParsableArguments {
    static let standardPoints =
        "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)"
    static let standardTypes =
        "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs|sysfs|tracefs)$"

    @Option(
        name: .customLong("collector.filesystem.mount-points-exclude"),
        help: ArgumentHelp("Regexp of mount points to leave out.", valueName: "regexp"))
    var pointsExclude: String?
    @Option(
        name: .customLong("collector.filesystem.ignored-mount-points"),
        help: ArgumentHelp("Old name of mount-points-exclude.", visibility: .hidden))
    var ignoredPoints: String?
    @Option(
        name: .customLong("collector.filesystem.mount-points-include"),
        help: ArgumentHelp("Regexp of mount points to show alone.", valueName: "regexp"))
    var pointsInclude: String?
    @Option(
        name: .customLong("collector.filesystem.fs-types-exclude"),
        help: ArgumentHelp("Regexp of file system types to leave out.", valueName: "regexp"))
    var typesExclude: String?
    @Option(
        name: .customLong("collector.filesystem.ignored-fs-types"),
        help: ArgumentHelp("Old name of fs-types-exclude.", visibility: .hidden))
    var ignoredTypes: String?
    @Option(
        name: .customLong("collector.filesystem.fs-types-include"),
        help: ArgumentHelp("Regexp of file system types to show alone.", valueName: "regexp"))
    var typesInclude: String?

    @Option(
        name: .customLong("collector.filesystem.mount-timeout"),
        help: ArgumentHelp(
            "How long a scrape waits for a mount whose server may be away.",
            valueName: "duration"))
    var mountTimeout = DurationText(.seconds(1))
    @Option(
        name: .customLong("collector.filesystem.stat-workers"),
        help: ArgumentHelp(
            "Taken for node_exporter's sake; threads are started as mounts need them.",
            visibility: .hidden))
    var statWorkers = 4

    func settings(_ errors: inout ValidationErrors) -> FilesystemSettings {
        FilesystemSettings(
            points: Filter(
                flag: "--collector.filesystem.mount-points", include: pointsInclude,
                exclude: pointsExclude ?? ignoredPoints,
                standardExclude: FilesystemOptions.standardPoints, errors: &errors),
            types: Filter(
                flag: "--collector.filesystem.fs-types", include: typesInclude,
                exclude: typesExclude ?? ignoredTypes,
                standardExclude: FilesystemOptions.standardTypes, errors: &errors),
            mountTimeout: mountTimeout.duration)
    }
}

struct FilesystemSettings: Sendable {
    let points: Filter
    let types: Filter
    let mountTimeout: Duration
}
