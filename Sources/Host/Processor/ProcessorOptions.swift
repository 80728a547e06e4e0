internal import ArgumentParser
internal import Settings

/// What can be set about processors and the scheduler.
struct ProcessorOptions: ParsableArguments {
    @OptionGroup(title: "Collector cpu") var cpu: CPUOptions
    @OptionGroup(title: "Collector stat") var activity: KernelActivityOptions

    func settings(defaultsRun: Bool, _ mistakes: inout Mistakes) -> ProcessorSettings {
        ProcessorSettings(
            cpu: cpu.settings(defaultsRun: defaultsRun, &mistakes),
            showsSoftirqs: activity.softirq)
    }
}

struct ProcessorSettings: Sendable {
    let cpu: CPUSettings
    let showsSoftirqs: Bool
}

struct CPUOptions: ParsableArguments {
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

    func settings(defaultsRun: Bool, _ mistakes: inout Mistakes) -> CPUSettings {
        let flags =
            flagsInclude.isEmpty
            ? nil : Pattern(flagsInclude, flag: "--collector.cpu.info.flags-include", &mistakes)
        let bugs =
            bugsInclude.isEmpty
            ? nil : Pattern(bugsInclude, flag: "--collector.cpu.info.bugs-include", &mistakes)
        return CPUSettings(
            showsGuest: guest, showsInfo: info || flags != nil || bugs != nil,
            showsFrequency: defaultsRun, flags: flags,
            bugs: bugs)
    }
}

struct CPUSettings: Sendable {
    var showsGuest = true
    var showsInfo = false
    var showsFrequency = true
    var flags: Pattern?
    var bugs: Pattern?
}

struct KernelActivityOptions: ParsableArguments {
    @Flag(
        name: .customLong("collector.stat.softirq"), inversion: .prefixedNo,
        help: "Softirq calls per vector.")
    var softirq = false
}
