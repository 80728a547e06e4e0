internal import ArgumentParser
package import Settings

/// The flags of the collectors. The options of each area are in its folder.
package struct HostOptions: ParsableArguments {
    @Flag(
        name: .customLong("collector.disable-defaults"), inversion: .prefixedNo,
        help: "Run only the collectors that are enabled explicitly.")
    var disableDefaults = false
    @Option(
        name: .customLong("collector.series-limit"),
        help: ArgumentHelp("Samples that one collector may write.", valueName: "count"))
    var seriesLimit = 100_000
    @Flag var switches: [CollectorSwitch] = []

    @OptionGroup var processor: ProcessorOptions
    @OptionGroup var memory: MemoryOptions
    @OptionGroup var storage: StorageOptions
    @OptionGroup var network: NetworkOptions
    @OptionGroup var system: SystemOptions
    @OptionGroup var hardware: HardwareOptions
    @OptionGroup(title: "Collector textfile") var textFiles: TextFileOptions
    @OptionGroup var accelerator: AcceleratorOptions
    @OptionGroup var controlGroup: ControlGroupOptions
    @OptionGroup var unbuilt: UnsupportedCollectorOptions

    package init() {}

    package func settings(_ errors: inout ValidationErrors) -> HostSettings {
        var enabled = Set(
            Catalog.entries.filter { $0.runsByDefault && !disableDefaults }.map(\.name))
        if controlGroup.isAskedFor { enabled.insert(ControlGroups.name) }
        for choice in switches {
            if choice.isOn {
                enabled.insert(choice.collector)
            } else {
                enabled.remove(choice.collector)
            }
        }
        if seriesLimit <= 0 {
            errors.add("--collector.series-limit: \(seriesLimit) is not above 0.")
        }
        let unbuilt = enabled.intersection(UnsupportedCollectors.collectors)
        enabled.subtract(unbuilt)
        return HostSettings(
            enabled: enabled, unbuilt: unbuilt.sorted(), seriesLimit: seriesLimit,
            processor: processor.settings(
                frequencyRuns: enabled.contains("cpufreq"), errors: &errors),
            memory: memory.settings(&errors),
            storage: storage.settings(&errors),
            network: network.settings(&errors),
            system: system.settings(&errors),
            hardware: hardware.settings(&errors),
            textFiles: textFiles.settings(&errors),
            accelerator: accelerator.settings(&errors),
            controlGroup: controlGroup.settings(&errors))
    }
}

/// `--collector.NAME` or `--no-collector.NAME`; the last one about a collector decides.
struct CollectorSwitch: EnumerableFlag {
    let collector: String
    let isOn: Bool

    static let allCases = (Catalog.entries.map(\.name) + UnsupportedCollectors.collectors).flatMap {
        [
            CollectorSwitch(collector: $0, isOn: true),
            CollectorSwitch(collector: $0, isOn: false),
        ]
    }

    static func name(for value: CollectorSwitch) -> NameSpecification {
        .customLong("\(value.isOn ? "" : "no-")collector.\(value.collector)")
    }

    /// The help shows the one that changes something.
    static func help(for value: CollectorSwitch) -> ArgumentHelp? {
        guard let entry = Catalog.entries.first(where: { $0.name == value.collector }) else {
            return .hidden
        }
        return value.isOn == entry.runsByDefault
            ? .hidden : ArgumentHelp(stringLiteral: entry.summary)
    }
}

/// Checked settings of all collectors.
package struct HostSettings: Sendable {
    /// The names of all collectors there are.
    package static let collectors = Catalog.entries.map(\.name)

    /// The names of those that run.
    package internal(set) var enabled: Set<String>
    /// The names of those that are wanted and not built.
    package let unbuilt: [String]
    /// Where text files are read, patterns left out.
    package var textFileDirectories: [String] {
        textFiles.directories.filter { path in !path.contains { "*?[".contains($0) } }
    }
    /// Samples that one collector may write.
    package let seriesLimit: Int
    let processor: ProcessorSettings
    let memory: MemorySettings
    let storage: StorageSettings
    let network: NetworkSettings
    let system: SystemSettings
    let hardware: HardwareSettings
    let textFiles: TextFileSettings
    let accelerator: AcceleratorSettings
    let controlGroup: ControlGroupSettings
}
