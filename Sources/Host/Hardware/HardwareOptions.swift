internal import ArgumentParser
internal import Settings

/// What can be set about sensors, power and firmware.
struct HardwareOptions: ParsableArguments {
    @OptionGroup(title: "Collector hwmon") var sensors: HwmonOptions

    @Option(
        name: .customLong("collector.powersupply.ignored-supplies"),
        help: ArgumentHelp("Regexp of power supplies to leave out.", valueName: "regexp"))
    var ignoredSupplies = "^$"

    @Flag(
        name: .customLong("collector.rapl.enable-zone-label"), inversion: .prefixedNo,
        help: "Put the zone into a label instead of the metric name.")
    var raplZoneLabel = false

    func settings(_ errors: inout ValidationErrors) -> HardwareSettings {
        HardwareSettings(
            chips: Filter(
                flag: "--collector.hwmon.chip", include: sensors.chipInclude,
                exclude: sensors.chipExclude, errors: &errors),
            sensors: Filter(
                flag: "--collector.hwmon.sensor", include: sensors.sensorInclude,
                exclude: sensors.sensorExclude, errors: &errors),
            powerSupplies: Filter(
                flag: "--collector.powersupply.ignored-supplies", include: nil,
                exclude: ignoredSupplies, errors: &errors),
            showsEnergyZone: raplZoneLabel)
    }
}

struct HardwareSettings: Sendable {
    let chips: Filter
    let sensors: Filter
    let powerSupplies: Filter
    let showsEnergyZone: Bool
}

struct HwmonOptions: ParsableArguments {
    @Option(
        name: .customLong("collector.hwmon.chip-include"),
        help: ArgumentHelp("Regexp of chips to show alone.", valueName: "regexp"))
    var chipInclude: String?
    @Option(
        name: .customLong("collector.hwmon.chip-exclude"),
        help: ArgumentHelp("Regexp of chips to leave out.", valueName: "regexp"))
    var chipExclude: String?
    @Option(
        name: .customLong("collector.hwmon.sensor-include"),
        help: ArgumentHelp("Regexp of sensors to show alone, as chip;sensor.", valueName: "regexp"))
    var sensorInclude: String?
    @Option(
        name: .customLong("collector.hwmon.sensor-exclude"),
        help: ArgumentHelp("Regexp of sensors to leave out, as chip;sensor.", valueName: "regexp"))
    var sensorExclude: String?
}
