internal import ArgumentParser
internal import Settings

/// What can be set about the counters of network devices.
struct NetDevOptions: ParsableArguments {
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
        help: "Use rtnetlink instead of /proc/net/dev.")
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

    func settings(_ common: Filter, errors: inout ValidationErrors) -> NetDevSettings {
        NetDevSettings(
            filter: Filter(
                flag: "--collector.netdev.device", include: include ?? oldInclude,
                exclude: exclude ?? oldExclude, errors: &errors
            ).and(common),
            usesNetlink: netlink, showsAddresses: addressInfo, showsAliases: ifalias,
            isDetailed: detailed)
    }
}

struct NetDevSettings: Sendable {
    let filter: Filter
    let usesNetlink: Bool
    let showsAddresses: Bool
    let showsAliases: Bool
    let isDetailed: Bool
}
