internal import ArgumentParser
internal import Settings

/// What can be set about the network.
struct NetworkOptions: ParsableArguments {
    @OptionGroup(title: "All network collectors") var common: CommonDeviceOptions
    @OptionGroup(title: "Collector netdev") var devices: NetDevOptions
    @OptionGroup(title: "Collector netclass") var interfaces: NetClassOptions
    @OptionGroup(title: "Collector arp") var neighbours: ARPOptions
    @OptionGroup(title: "Collector netstat") var statistics: NetstatOptions
    @OptionGroup(title: "Collector infiniband") var infiniBand: InfiniBandOptions
    @OptionGroup(title: "Collector ipvs") var servers: IPVSOptions

    func settings(_ errors: inout ValidationErrors) -> NetworkSettings {
        let common = common.filter(&errors)
        return NetworkSettings(
            common: common, devices: devices.settings(common, errors: &errors),
            interfaces: interfaces.settings(common, errors: &errors),
            neighbours: neighbours.settings(common, errors: &errors),
            statisticsPattern: statistics.pattern(&errors),
            infiniBand: infiniBand.filter(&errors),
            serverLabels: servers.labels(&errors))
    }
}

struct NetworkSettings: Sendable {
    /// The devices that any collector may show.
    let common: Filter
    let devices: NetDevSettings
    let interfaces: NetClassSettings
    let neighbours: ARPSettings
    /// Nil shows all.
    let statisticsPattern: Pattern?
    let infiniBand: Filter
    let serverLabels: [IPVSLabel]
}

/// One filter for all network collectors, applied in addition to the filters of each collector.
struct CommonDeviceOptions: ParsableArguments {
    /// The host side of the interfaces of containers and virtual machines: veth pairs under the names
    /// that Docker, Calico, Cilium, Antrea and the clouds give them, and the taps of libvirt and
    /// Proxmox.
    static let virtualEndpoints =
        "^(veth.*|cali[0-9a-f]{11}|lxc[0-9a-f]+|lxc_health|[0-9a-f]{15}|azv[0-9a-f]+|eni[0-9a-f]{11}|gke[0-9a-f]{11}|vlan[0-9a-f]{11}|tap.*|vnet[0-9]+|fw(br|ln|pr)[0-9]+.*|enP.*)$"

    @Option(
        name: .customLong("collector.network.device-include"),
        help: ArgumentHelp(
            "Regexp of devices that network collectors include.", valueName: "regexp"))
    var include: String?
    @Option(
        name: .customLong("collector.network.device-exclude"),
        help: ArgumentHelp(
            "Regexp of devices that all network collectors exclude.", valueName: "regexp"))
    var exclude: String?
    @Flag(
        name: .customLong("collector.network.exclude-guests"), inversion: .prefixedNo,
        help: "Leave out the devices of containers and virtual machines (veth and the like).")
    var excludesVirtualEndpoints = false

    func filter(_ errors: inout ValidationErrors) -> Filter {
        let filter = Filter(
            flag: "--collector.network.device", include: include, exclude: exclude, errors: &errors)
        if !excludesVirtualEndpoints { return filter }
        return filter.and(
            Filter(
                excluding: Pattern(
                    CommonDeviceOptions.virtualEndpoints,
                    flag: "--collector.network.exclude-guests",
                    errors: &errors)))
    }
}

struct NetClassOptions: ParsableArguments {
    @Option(
        name: .customLong("collector.netclass.ignored-devices"),
        help: ArgumentHelp("Regexp of devices to leave out.", valueName: "regexp"))
    var ignored = "^$"
    @Flag(
        name: .customLong("collector.netclass.ignore-invalid-speed"), inversion: .prefixedNo,
        help: "Hide invalid (negative) speeds.")
    var ignoresInvalidSpeed = false
    @Flag(
        name: .customLong("collector.netclass.netlink"), inversion: .prefixedNo,
        help: "Also show the alternative names of interfaces, from rtnetlink.")
    var netlink = false
    @Flag(
        name: .customLong("collector.netclass_rtnl.with-stats"), inversion: .prefixedNo,
        help: ArgumentHelp("Accepted and without effect.", visibility: .hidden))
    var netlinkStatistics = false

    func settings(_ common: Filter, errors: inout ValidationErrors) -> NetClassSettings {
        let pattern =
            ignored.isEmpty || ignored == "^$"
            ? nil : Pattern(ignored, flag: "--collector.netclass.ignored-devices", errors: &errors)
        return NetClassSettings(
            filter: Filter(excluding: pattern).and(common), hidesInvalidSpeed: ignoresInvalidSpeed,
            showsAlternativeNames: netlink)
    }
}

struct NetClassSettings: Sendable {
    let filter: Filter
    let hidesInvalidSpeed: Bool
    let showsAlternativeNames: Bool
}

struct ARPOptions: ParsableArguments {
    @Option(
        name: .customLong("collector.arp.device-include"),
        help: ArgumentHelp("Regexp of devices to show alone.", valueName: "regexp"))
    var include: String?
    @Option(
        name: .customLong("collector.arp.device-exclude"),
        help: ArgumentHelp("Regexp of devices to leave out.", valueName: "regexp"))
    var exclude: String?
    @Flag(
        name: .customLong("collector.arp.netlink"), inversion: .prefixedNo,
        help: "Use rtnetlink instead of /proc/net/arp.")
    var netlink = true

    func settings(_ common: Filter, errors: inout ValidationErrors) -> ARPSettings {
        ARPSettings(
            filter: Filter(
                flag: "--collector.arp.device", include: include, exclude: exclude, errors: &errors
            ).and(common), usesNetlink: netlink)
    }
}

struct ARPSettings: Sendable {
    let filter: Filter
    let usesNetlink: Bool
}

struct NetstatOptions: ParsableArguments {
    static let standard =
        "^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)|TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$"

    @Option(
        name: .customLong("collector.netstat.fields"),
        help: ArgumentHelp("Regexp of fields to show.", valueName: "regexp"))
    var fields = NetstatOptions.standard

    func pattern(_ errors: inout ValidationErrors) -> Pattern? {
        fields.isEmpty ? nil : Pattern(fields, flag: "--collector.netstat.fields", errors: &errors)
    }
}

struct InfiniBandOptions: ParsableArguments {
    @Option(
        name: .customLong("collector.infiniband.device-include"),
        help: ArgumentHelp("Regexp of devices to show alone.", valueName: "regexp"))
    var include: String?
    @Option(
        name: .customLong("collector.infiniband.device-exclude"),
        help: ArgumentHelp("Regexp of devices to leave out.", valueName: "regexp"))
    var exclude: String?

    /// InfiniBand devices are not network devices, so the common filter does not apply.
    func filter(_ errors: inout ValidationErrors) -> Filter {
        Filter(
            flag: "--collector.infiniband.device", include: include, exclude: exclude,
            errors: &errors)
    }
}

struct IPVSOptions: ParsableArguments {
    @Option(
        name: .customLong("collector.ipvs.backend-labels"),
        help: ArgumentHelp(
            "Labels of backends; those that differ in others are summed.", valueName: "names"))
    var names = IPVSLabel.allCases.map(\.rawValue).joined(separator: ",")

    func labels(_ errors: inout ValidationErrors) -> [IPVSLabel] {
        let wanted = Set(names.split(separator: ",").map(String.init))
        let unknown = wanted.subtracting(IPVSLabel.allCases.map(\.rawValue)).sorted()
        if !unknown.isEmpty {
            errors.add(
                "--collector.ipvs.backend-labels: unknown labels \(unknown.joined(separator: ", "))."
            )
        }
        return IPVSLabel.allCases.filter { wanted.contains($0.rawValue) }
    }
}
