public import ArgumentParser
public import Settings

/// Which collectors run. Each collector's own options stand beside it.
public struct HostOptions: ParsableArguments {
    @Flag(
        name: .customLong("collector.disable-defaults"),
        help: "Only the collectors that are named explicitly run.")
    var disableDefaults = false

    @Flag(
        name: .customLong("collector.cpu"), inversion: .prefixedNo,
        help: "CPU time, throttling and state. (default: on)")
    var cpu: Bool?
    @Flag(
        name: .customLong("collector.diskstats"), inversion: .prefixedNo,
        help: "Disk I/O. (default: on)")
    var diskstats: Bool?
    @Flag(
        name: .customLong("collector.filesystem"), inversion: .prefixedNo,
        help: "Space of file systems. (default: on)")
    var filesystem: Bool?
    @Flag(
        name: .customLong("collector.loadavg"), inversion: .prefixedNo,
        help: "Load averages. (default: on)")
    var loadavg: Bool?
    @Flag(
        name: .customLong("collector.meminfo"), inversion: .prefixedNo,
        help: "Memory. (default: on)")
    var meminfo: Bool?
    @Flag(
        name: .customLong("collector.netdev"), inversion: .prefixedNo,
        help: "Network devices. (default: on)")
    var netdev: Bool?
    @Flag(
        name: .customLong("collector.stat"), inversion: .prefixedNo,
        help: "Interrupts, forks, context switches. (default: on)")
    var stat: Bool?
    @Flag(
        name: .customLong("collector.time"), inversion: .prefixedNo,
        help: "Time and clock sources. (default: on)")
    var time: Bool?
    @Flag(
        name: .customLong("collector.uname"), inversion: .prefixedNo,
        help: "Name and release of the system. (default: on)")
    var uname: Bool?

    @OptionGroup(title: "Collector cpu") var processor: ProcessorOptions
    @OptionGroup(title: "Collector diskstats") var disk: DiskOptions
    @OptionGroup(title: "Collector filesystem") var filesystems: FilesystemOptions
    @OptionGroup(title: "Collector netdev") var network: NetworkOptions
    @OptionGroup(title: "Collector stat") var activity: KernelActivityOptions

    public init() {}

    public func settings(_ mistakes: inout Mistakes) -> HostSettings {
        let flags: [(String, Bool?)] = [
            (Processor.name, cpu), (Disk.name, diskstats), (Filesystem.name, filesystem),
            (LoadAverage.name, loadavg), (Memory.name, meminfo), (Network.name, netdev),
            (KernelActivity.name, stat), (SystemClock.name, time), (SystemName.name, uname),
        ]
        let enabled = flags.filter { $0.1 ?? !disableDefaults }.map(\.0)
        return HostSettings(
            enabled: Set(enabled),
            processor: processor.settings(
                defaultsRun: !disableDefaults, &mistakes),
            disks: disk.filter(&mistakes), mountPoints: filesystems.points(&mistakes),
            filesystemTypes: filesystems.types(&mistakes), network: network.settings(&mistakes),
            showsSoftirqs: activity.softirq)
    }
}

/// Checked settings of all collectors.
public struct HostSettings: Sendable {
    /// The names of all collectors there are.
    public static let collectors = [
        "cpu", "diskstats", "filesystem", "loadavg", "meminfo", "netdev", "stat", "time", "uname",
    ]

    /// The names of those that run.
    public let enabled: Set<String>
    let processor: ProcessorSettings
    let disks: Filter
    let mountPoints: Filter
    let filesystemTypes: Filter
    let network: NetworkSettings
    let showsSoftirqs: Bool
}
