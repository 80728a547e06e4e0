import ArgumentParser
import Exposition
import Host
import Kernel
import Settings
import Testing

/// The fixture trees, and pages made from them.
enum Trees {
    static func path(_ name: String) -> String {
        let here = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        return "/\(here)/Fixtures/\(name)"
    }

    static func roots(_ tree: String) -> Roots { roots(at: path(tree)) }

    /// The roots of a tree that stands anywhere.
    static func roots(at path: String) -> Roots {
        Roots(
            proc: Root(path + "/proc"), sys: Root(path + "/sys"), rootfs: Root(path + "/rootfs"),
            udev: Root(path + "/udev"))
    }

    static func host(
        _ tree: String, _ collectors: [String], _ flags: [String] = [], tellsCost: Bool = false
    ) throws -> Host {
        try host(at: path(tree), collectors, flags, tellsCost: tellsCost)
    }

    static func host(
        at path: String, _ collectors: [String], _ flags: [String] = [], tellsCost: Bool = false
    ) throws -> Host {
        var mistakes = Mistakes()
        let options = try HostOptions.parse(
            ["--collector.disable-defaults"] + collectors.map { "--collector.\($0)" }
                + ["--no-collector.netdev.netlink"] + flags)
        let settings = options.settings(&mistakes)
        #expect(mistakes.isEmpty)
        return Host(
            Collectors(settings, roots(at: path)), seriesLimit: settings.seriesLimit,
            tellsCost: tellsCost)
    }

    static func page(_ host: inout Host, _ format: Format = .text) -> String {
        var page = Page(format: format, body: Buffer(capacity: 1 << 16))
        _ = host.write(to: &page, reporting: { _, _ in })
        page.finish()
        return page.bytes.string
    }

    /// The page of a tree, without the time that collectors took.
    static func lines(
        _ tree: String, _ collectors: [String], _ flags: [String] = [], tellsCost: Bool = false
    ) throws -> [String] {
        var host = try host(tree, collectors, flags, tellsCost: tellsCost)
        return page(&host).split(separator: "\n").map(String.init).filter {
            !$0.hasPrefix("node_scrape_collector_duration_seconds{")
        }
    }
}
