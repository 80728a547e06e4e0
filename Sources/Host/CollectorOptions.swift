internal import ArgumentParser
internal import Settings

struct ProcessorOptions: ParsableArguments {
    @Flag(
        name: .customLong("collector.cpu.guest"), inversion: .prefixedNo,
        help: "Time spent in guests.")
    var guest = true
    @Flag(
        name: .customLong("collector.cpu.info"), inversion: .prefixedNo,
        help: "Information of /proc/cpuinfo.")
    var info = false
    @Option(
        name: .customLong("collector.cpu.info.flags-include"),
        help: ArgumentHelp("Regexp of CPU flags to show; turns cpu.info on.", valueName: "regexp"))
    var flagsInclude = ""
    @Option(
        name: .customLong("collector.cpu.info.bugs-include"),
        help: ArgumentHelp("Regexp of CPU bugs to show; turns cpu.info on.", valueName: "regexp"))
    var bugsInclude = ""

    func settings(defaultsRun: Bool, _ mistakes: inout Mistakes) -> ProcessorSettings {
        let flags =
            flagsInclude.isEmpty
            ? nil : Pattern(flagsInclude, flag: "--collector.cpu.info.flags-include", &mistakes)
        let bugs =
            bugsInclude.isEmpty
            ? nil : Pattern(bugsInclude, flag: "--collector.cpu.info.bugs-include", &mistakes)
        return ProcessorSettings(
            showsGuest: guest, showsInfo: info || flags != nil || bugs != nil,
            showsFrequency: defaultsRun, flags: flags,
            bugs: bugs)
    }
}

struct ProcessorSettings: Sendable {
    let showsGuest: Bool
    let showsInfo: Bool
    let showsFrequency: Bool
    let flags: Pattern?
    let bugs: Pattern?
}

struct KernelActivityOptions: ParsableArguments {
    @Flag(
        name: .customLong("collector.stat.softirq"), inversion: .prefixedNo,
        help: "Softirq calls per vector.")
    var softirq = false
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

    func filter(_ mistakes: inout Mistakes) -> Filter {
        Filter(
            flag: "--collector.diskstats.device", include: include, exclude: exclude ?? ignored,
            standardExclude: DiskOptions.standardExclude, &mistakes)
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

    func points(_ mistakes: inout Mistakes) -> Filter {
        Filter(
            flag: "--collector.filesystem.mount-points", include: pointsInclude,
            exclude: pointsExclude ?? ignoredPoints,
            standardExclude: FilesystemOptions.standardPoints, &mistakes)
    }

    func types(_ mistakes: inout Mistakes) -> Filter {
        Filter(
            flag: "--collector.filesystem.fs-types", include: typesInclude,
            exclude: typesExclude ?? ignoredTypes,
            standardExclude: FilesystemOptions.standardTypes, &mistakes)
    }
}

struct NetworkOptions: ParsableArguments {
    @Option(
        name: .customLong("collector.netdev.device-include"),
        help: ArgumentHelp("Regexp of devices to show alone.", valueName: "regexp"))
    var include: String?
    @Option(
        name: .customLong("collector.netdev.device-whitelist"),
        help: ArgumentHelp("Old name of device-include.", visibility: .hidden))
    var oldInclude: String?
    @Option(
        name: .customLong("collector.netdev.device-exclude"),
        help: ArgumentHelp("Regexp of devices to leave out.", valueName: "regexp"))
    var exclude: String?
    @Option(
        name: .customLong("collector.netdev.device-blacklist"),
        help: ArgumentHelp("Old name of device-exclude.", visibility: .hidden))
    var oldExclude: String?
    @Flag(
        name: .customLong("collector.netdev.netlink"), inversion: .prefixedNo,
        help: "Ask rtnetlink instead of /proc/net/dev.")
    var netlink = true
    @Flag(
        name: .customLong("collector.netdev.address-info"), inversion: .prefixedNo,
        help: "Addresses of the devices.")
    var addressInfo = false
    @Flag(
        name: .customLong("collector.netdev.label-ifalias"), inversion: .prefixedNo,
        help: "Add the label ifalias.")
    var ifalias = false
    @Flag(
        name: .customLong("collector.netdev.enable-detailed-metrics"), inversion: .prefixedNo,
        help: "One metric per counter of the kernel, under other names.")
    var detailed = false

    func settings(_ mistakes: inout Mistakes) -> NetworkSettings {
        NetworkSettings(
            filter: Filter(
                flag: "--collector.netdev.device", include: include ?? oldInclude,
                exclude: exclude ?? oldExclude, &mistakes),
            usesNetlink: netlink, showsAddresses: addressInfo, showsAliases: ifalias,
            isDetailed: detailed)
    }
}

struct NetworkSettings: Sendable {
    let filter: Filter
    let usesNetlink: Bool
    let showsAddresses: Bool
    let showsAliases: Bool
    let isDetailed: Bool
}
