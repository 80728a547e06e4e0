internal import ArgumentParser

/// Collectors of node_exporter 1.12.1 that this daemon does not implement. Their flags are accepted,
/// so that a command line of node_exporter works here too; enabling one logs a warning.
enum UnsupportedCollectors {
    static let collectors = [
        "cpu_vulnerabilities", "drbd", "ethtool", "ksmd", "lnstat", "logind",
        "ntp", "nvmesubsystem", "pcidevice", "perf", "qdisc", "runit", "slabinfo",
        "supervisord", "swap", "sysctl", "systemd", "wifi", "xfrm",
    ]
}

/// What could be set about them: taken and not looked at.
struct UnsupportedCollectorOptions: ParsableArguments {
    private static let valued = [
        "ethtool.device-include", "ethtool.device-exclude", "ethtool.metrics-include",
        "ntp.server", "ntp.server-port", "ntp.protocol-version", "ntp.ip-ttl", "ntp.max-distance",
        "ntp.local-offset-tolerance", "pcidevice.idsfile", "perf.cpus", "perf.tracepoint",
        "perf.hardware-profilers", "perf.software-profilers", "perf.cache-profilers",
        "qdisc.fixtures", "qdisc.device-include", "qdisc.device-exclude", "qdisk.device-include",
        "qdisk.device-exclude", "runit.servicedir", "slabinfo.slabs-include",
        "slabinfo.slabs-exclude", "supervisord.url", "sysctl.include", "sysctl.include-info",
        "systemd.unit-include", "systemd.unit-whitelist", "systemd.unit-exclude",
        "systemd.unit-blacklist", "wifi.fixtures",
    ]

    @Option(
        name: NameSpecification(valued.map { .customLong("collector." + $0) }),
        parsing: .unconditionalSingleValue, help: .hidden)
    var values: [String] = []

    @Flag(help: .hidden) var switches: [UnsupportedCollectorSwitch] = []
}

struct UnsupportedCollectorSwitch: EnumerableFlag {
    private let name: String

    static let allCases = [
        "ntp.server-is-local", "pcidevice.names", "perf.disable-hardware-profilers",
        "perf.disable-software-profilers", "perf.disable-cache-profilers", "systemd.private",
        "systemd.enable-task-metrics", "systemd.enable-restarts-metrics",
        "systemd.enable-start-time-metrics",
    ].flatMap {
        [
            UnsupportedCollectorSwitch(name: "collector.\($0)"),
            UnsupportedCollectorSwitch(name: "no-collector.\($0)"),
        ]
    }

    static func name(for value: UnsupportedCollectorSwitch) -> NameSpecification {
        .customLong(value.name)
    }
    static func help(for value: UnsupportedCollectorSwitch) -> ArgumentHelp? { .hidden }
}
