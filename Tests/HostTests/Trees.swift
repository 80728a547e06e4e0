import ArgumentParser
import Exposition
import Kernel
import Settings
import Testing

@testable import Host

/// The fixture trees, and pages made from them.
enum Trees {
    static func path(_ name: String) -> String {
        let here = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        return "/\(here)/Fixtures/\(name)"
    }

    static func roots(_ tree: String) -> FilesystemRoots { roots(at: path(tree)) }

    /// The roots of a tree that stands anywhere.
    static func roots(at path: String) -> FilesystemRoots {
        FilesystemRoots(
            proc: Root(path + "/proc"), sys: Root(path + "/sys"), rootfs: Root(path + "/rootfs"),
            udev: Root(path + "/udev"))
    }

    static func host(
        _ tree: String, collectors: [String], flags: [String] = [],
        includesCollectorMetrics: Bool = false
    ) throws -> Host {
        try host(
            at: path(tree), collectors: collectors, flags: flags,
            includesCollectorMetrics: includesCollectorMetrics)
    }

    static func host(
        at path: String, collectors: [String], flags: [String] = [],
        includesCollectorMetrics: Bool = false
    ) throws -> Host {
        let settings = try settings(collectors, flags: flags)
        return Host(
            Collectors(settings, roots: roots(at: path)), seriesLimit: settings.seriesLimit,
            includesCollectorMetrics: includesCollectorMetrics)
    }

    // Flags that have been read: the parser checks all its options each time, which takes seconds
    // in a debug build.
    private static let known = LockedValue<[[String]: HostSettings]>([:])

    /// What flags say, for these collectors and no other.
    private static func settings(
        _ collectors: [String], flags: [String]
    ) throws -> HostSettings {
        #expect(Set(collectors).isSubset(of: HostSettings.collectors))
        // Others look at whether this one runs.
        let flags =
            ["--collector.disable-defaults", "--no-collector.netdev.netlink"]
            + (collectors.contains("cpufreq") ? ["--collector.cpufreq"] : []) + flags
        var settings = try known.withLock { known throws in
            if let settings = known[flags] { return settings }
            var errors = ValidationErrors()
            let settings = try HostOptions.parse(flags).settings(&errors)
            #expect(errors.isEmpty)
            known[flags] = settings
            return settings
        }
        settings.enabled.formUnion(collectors)
        return settings
    }

    static func page(_ host: inout Host, format: Format = .text) -> String {
        var page = Page(format: format, body: Buffer(capacity: 1 << 16))
        _ = host.write(to: &page, reporting: { _, _ in })
        page.merge([host.textFiles].compactMap { $0 })
        page.finish()
        return page.bytes.string
    }

    /// The page of a tree, without the time that collectors took.
    static func lines(
        _ tree: String, collectors: [String], flags: [String] = [],
        includesCollectorMetrics: Bool = false
    ) throws -> [String] {
        var host = try host(
            tree, collectors: collectors, flags: flags,
            includesCollectorMetrics: includesCollectorMetrics)
        return page(&host).split(separator: "\n").map(String.init).filter {
            !$0.hasPrefix("node_scrape_collector_duration_seconds{")
        }
    }
}
