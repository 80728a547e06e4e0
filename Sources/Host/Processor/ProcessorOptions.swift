internal import ArgumentParser
internal import Settings

/// What can be set about processors and the scheduler.
struct ProcessorOptions: ParsableArguments {
    @OptionGroup(title: "Collector cpu") var cpu: CPUOptions
    @OptionGroup(title: "Collector stat") var activity: StatOptions
    @OptionGroup(title: "Collector interrupts") var interrupts: InterruptOptions

    /// `frequencyRuns`: whether the collector cpufreq runs.
    func settings(frequencyRuns: Bool, errors: inout ValidationErrors) -> ProcessorSettings {
        ProcessorSettings(
            cpu: cpu.settings(frequencyRuns: frequencyRuns, errors: &errors),
            showsSoftirqs: activity.softirq, interrupts: interrupts.settings(&errors))
    }
}

struct ProcessorSettings: Sendable {
    let cpu: CPUSettings
    let showsSoftirqs: Bool
    let interrupts: InterruptSettings
}

struct InterruptOptions: ParsableArguments {
    @Option(
        name: .customLong("collector.interrupts.name-include"),
        help: ArgumentHelp("Regexp of interrupts to show alone.", valueName: "regexp"))
    var include: String?
    @Option(
        name: .customLong("collector.interrupts.name-exclude"),
        help: ArgumentHelp("Regexp of interrupts to leave out.", valueName: "regexp"))
    var exclude: String?
    @Flag(
        name: .customLong("collector.interrupts.include-zeros"), inversion: .prefixedNo,
        help: "Include interrupts with a count of 0.")
    var includeZeros = true

    func settings(_ errors: inout ValidationErrors) -> InterruptSettings {
        InterruptSettings(
            filter: Filter(
                flag: "--collector.interrupts.name", include: include, exclude: exclude,
                errors: &errors),
            showsZeros: includeZeros)
    }
}

struct InterruptSettings: Sendable {
    let filter: Filter
    let showsZeros: Bool
}

struct CPUOptions: ParsableArguments {
    @Flag(
        name: .customLong("collector.cpu.guest"), inversion: .prefixedNo,
        help: "CPU time spent in virtual machines (mode guest).")
    var showsGuest = true
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

    func settings(frequencyRuns: Bool, errors: inout ValidationErrors) -> CPUSettings {
        let flags =
            flagsInclude.isEmpty
            ? nil
            : Pattern(flagsInclude, flag: "--collector.cpu.info.flags-include", errors: &errors)
        let bugs =
            bugsInclude.isEmpty
            ? nil : Pattern(bugsInclude, flag: "--collector.cpu.info.bugs-include", errors: &errors)
        return CPUSettings(
            showsGuest: showsGuest, showsInfo: info || flags != nil || bugs != nil,
            showsFrequency: frequencyRuns, flags: flags,
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

struct StatOptions: ParsableArguments {
    @Flag(
        name: .customLong("collector.stat.softirq"), inversion: .prefixedNo,
        help: "Softirq calls per vector.")
    var softirq = false
}
