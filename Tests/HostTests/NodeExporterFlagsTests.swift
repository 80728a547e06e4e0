import ArgumentParser
import Settings
import Testing

@testable import Host

/// Every flag of node_exporter 1.12.1 about collectors, so that its command line starts this daemon.
struct NodeExporterFlagsTests {
    private static let runningCollectors = """
        arp bcache bcachefs bonding btrfs conntrack cpu cpufreq diskstats dmi dmmultipath edac \
        entropy fibrechannel filefd filesystem hwmon infiniband ipvs kernel_hung loadavg mdadm \
        meminfo netclass netdev netstat nfs nfsd nvme os powersupplyclass pressure rapl schedstat \
        selinux sockstat softnet stat tapestats textfile thermal_zone time timex udp_queues uname \
        vmstat watchdog xfs zfs
        """.split(separator: " ").map(String.init)

    private static let otherCollectors = """
        buddyinfo cgroups cpu_vulnerabilities drbd drm ethtool interrupts ksmd lnstat logind \
        meminfo_numa mountstats network_route ntp nvmesubsystem pcidevice perf processes qdisc \
        runit slabinfo softirqs supervisord swap sysctl systemd tcpstat wifi xfrm zoneinfo
        """.split(separator: " ").map(String.init)

    private static let switches = """
        disable-defaults arp.netlink bcache.priorityStats cpu.guest cpu.info interrupts.include-zeros \
        netclass.ignore-invalid-speed netclass.netlink netclass_rtnl.with-stats \
        netdev.address-info netdev.enable-detailed-metrics netdev.netlink netdev.label-ifalias \
        ntp.server-is-local pcidevice.names perf.disable-hardware-profilers \
        perf.disable-software-profilers perf.disable-cache-profilers rapl.enable-zone-label \
        stat.softirq systemd.private systemd.enable-task-metrics \
        systemd.enable-restarts-metrics systemd.enable-start-time-metrics
        """.split(separator: " ").map(String.init)

    private static let values: [(name: String, value: String)] =
        """
        arp.device-include cpu.info.flags-include cpu.info.bugs-include \
        diskstats.device-include ethtool.device-include ethtool.device-exclude \
        ethtool.metrics-include filesystem.mount-points-include filesystem.fs-types-include \
        hwmon.chip-include hwmon.sensor-include infiniband.device-include \
        interrupts.name-include netclass.ignored-devices netdev.device-include \
        netdev.device-whitelist netstat.fields ntp.server pcidevice.idsfile perf.cpus \
        perf.tracepoint perf.hardware-profilers perf.software-profilers perf.cache-profilers powersupply.ignored-supplies qdisc.fixtures \
        qdisc.device-include qdisk.device-include qdisc.device-exclude qdisk.device-exclude \
        runit.servicedir slabinfo.slabs-include slabinfo.slabs-exclude supervisord.url \
        sysctl.include sysctl.include-info systemd.unit-include systemd.unit-whitelist \
        systemd.unit-exclude systemd.unit-blacklist tapestats.ignored-devices \
        textfile.directory vmstat.fields wifi.fixtures
        """.split(separator: " ").map { (String($0), "a.*") }
        + [
            ("filesystem.mount-timeout", "5s"), ("filesystem.stat-workers", "4"),
            ("ipvs.backend-labels", "local_port,proto"), ("ntp.server-port", "123"),
            ("ntp.protocol-version", "4"), ("ntp.ip-ttl", "1"),
            ("ntp.max-distance", "3.46608s"), ("ntp.local-offset-tolerance", "1ms"),
        ]

    private static let excluding: [(name: String, value: String)] =
        """
        arp.device-exclude diskstats.device-exclude diskstats.ignored-devices \
        filesystem.mount-points-exclude filesystem.ignored-mount-points \
        filesystem.fs-types-exclude filesystem.ignored-fs-types hwmon.chip-exclude \
        hwmon.sensor-exclude infiniband.device-exclude interrupts.name-exclude \
        netdev.device-exclude
        """.split(separator: " ").map { (String($0), "b.*") }
        + [("netdev.device-blacklist", "c")]

    private func settings(_ flags: [String]) throws -> (HostSettings, ValidationErrors) {
        var errors = ValidationErrors()
        let settings = try HostOptions.parse(flags).settings(&errors)
        return (settings, errors)
    }

    @Test func `the same collectors run by default`() throws {
        let (settings, errors) = try settings([])
        let own = settings.enabled.subtracting(Self.runningCollectors)
        #expect(Self.runningCollectors.filter { !settings.enabled.contains($0) } == [])
        #expect(own.filter { Self.otherCollectors.contains($0) } == [])
        #expect(settings.unbuilt == [] && errors.isEmpty)
    }

    @Test func `every collector can be switched on`() throws {
        let all = Self.runningCollectors + Self.otherCollectors
        let flags = ["--collector.disable-defaults"] + all.map { "--collector.\($0)" }
        let (settings, errors) = try settings(flags)
        #expect(settings.enabled.union(settings.unbuilt) == Set(all))
        #expect(settings.enabled.isDisjoint(with: settings.unbuilt) && errors.isEmpty)
    }

    @Test func `every collector can be switched off`() throws {
        let all = Self.runningCollectors + Self.otherCollectors
        let (settings, errors) = try settings(
            all.map { "--collector.\($0)" } + all.map { "--no-collector.\($0)" })
        #expect(settings.enabled.isDisjoint(with: all))
        #expect(settings.unbuilt == [] && errors.isEmpty)
    }

    @Test func `what is not built is no collector, and the other way round`() throws {
        let unbuilt = Self.otherCollectors.filter { !HostSettings.collectors.contains($0) }
        #expect(unbuilt == UnsupportedCollectors.collectors)
        #expect(Set(UnsupportedCollectors.collectors).isDisjoint(with: HostSettings.collectors))
    }

    @Test func `every switch of a collector can be on and off`() throws {
        #expect(try settings(Self.switches.map { "--collector.\($0)" }).1.isEmpty)
        #expect(try settings(Self.switches.map { "--no-collector.\($0)" }).1.isEmpty)
    }

    @Test(arguments: [true, false])
    func `of a switch and its negative form the last one decides`(isOn: Bool) throws {
        let names = ["bcache.priorityStats", "cpu.info", "disable-defaults"]
        let flags = names.flatMap { name in
            let flags = ["--collector.\(name)", "--no-collector.\(name)"]
            return isOn ? flags.reversed() : flags
        }
        let (settings, errors) = try settings(flags)
        #expect(errors.isEmpty)
        #expect(settings.storage.showsCachePriorities == isOn)
        #expect(settings.processor.cpu.showsInfo == isOn)
        #expect(settings.enabled.isEmpty == isOn)
    }

    @Test func `every option may have an empty value`() throws {
        // Numbers and durations have no empty form.
        let names = (Self.values + Self.excluding)
            .filter { !["filesystem.mount-timeout", "filesystem.stat-workers"].contains($0.name) }
            .map { "--collector.\($0.name)" }
        // `--flag=` as the command line hands it on.
        let flags = names.map { "\($0)=" }.withEmptyValuesApart
        #expect(flags == names.flatMap { [$0, ""] })
        let (_, errors) = try settings(flags)
        #expect(errors.isEmpty)
    }

    @Test func `an empty exclusion lifts the default one`() throws {
        let (settings, errors) = try settings(
            [
                "--collector.diskstats.device-exclude=", "--collector.diskstats.device-include=^sd",
                "--collector.textfile.directory=",
            ].withEmptyValuesApart)
        #expect(errors.isEmpty)
        let shown = ["sda1", "nvme0n1"].filter { settings.storage.disks.matches($0.utf8Span.span) }
        #expect(shown == ["sda1"])
        #expect(settings.textFiles.directories == [])
    }

    @Test func `every option of a collector takes a value`() throws {
        // Those that include and those that exclude are not for one command line.
        for list in [Self.values, Self.excluding] {
            #expect(try settings(list.map { "--collector.\($0.name)=\($0.value)" }).1.isEmpty)
            let apart = list.flatMap { ["--collector.\($0.name)", $0.value] }
            #expect(try settings(apart).1.isEmpty)
        }
    }

    @Test func `lists are options that are said several times`() throws {
        let (settings, errors) = try settings(
            [
                "textfile.directory", "sysctl.include", "sysctl.include-info", "perf.tracepoint",
                "perf.hardware-profilers", "perf.software-profilers", "perf.cache-profilers",
            ].flatMap { ["--collector.\($0)=/a", "--collector.\($0)=/b"] })
        #expect(errors.isEmpty)
        #expect(settings.textFiles.directories == ["/a", "/b"])
    }
}
