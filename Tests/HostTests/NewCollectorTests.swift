import Kernel
import Testing

@testable import Host

/// The five pieces of a collector (CONTRIBUTING.md): its file, its line in a catalogue, a fixture, an
/// expected page and a row in docs/collectors.md. Each test names what is missing.
struct NewCollectorTests {
    /// Collectors whose values no fixture tree can fix, and the test that looks at them instead.
    private static let livePages = [
        "cgroup": "ControlGroupTests", "drm": "DRMCardsTests", "filesystem": "MountTests",
        "gpu": "DRMCardsTests and NVMLDevicesTests", "network_route": "NetlinkTests",
        "rapl": "DeviceTests", "tcpstat": "NetworkTextTests", "textfile": "TextFilesTests",
        "time": "SystemTests", "timex": "SystemTests", "uname": "SystemTests",
    ]

    /// The collectors of `Sources/Host` by the path of their file.
    private func declared() throws -> [(path: String, name: String)] {
        let root = Root(Trees.path("../../Sources/Host"))
        var declared: [(String, String)] = []
        for area in try root.names(in: "").sorted() where root.isDirectory(area) {
            for file in try root.names(in: area).sorted() where file.hasSuffix(".swift") {
                let text = try root.attribute("\(area)/\(file)", limit: 1 << 20)
                let parts = text.span.string.split(separator: "static var name: String { \"")
                for part in parts.dropFirst() {
                    declared.append(("\(area)/\(file)", String(part.prefix { $0 != "\"" })))
                }
            }
        }
        return declared
    }

    @Test func `every collector's file has a line in its area's catalogue`() throws {
        let declared = try declared()
        #expect(declared.count >= Catalog.entries.count)
        let listed = Set(HostSettings.collectors)
        for (path, name) in declared where !listed.contains(name) {
            let area = path.prefix { $0 != "/" }
            Issue.record(
                "Sources/Host/\(path) declares the collector \(name): add an Entry for it to Sources/Host/\(area)/Catalog+\(area).swift"
            )
        }
    }

    @Test func `every collector has an expected page`() {
        let expected = Set(GoldenPageTests.trees.flatMap(\.collectors))
        for name in HostSettings.collectors
        where !expected.contains(name) && Self.livePages[name] == nil {
            Issue.record(
                "collector \(name) has no expected page: add it to a list of GoldenPageTests (devices: DamagedTreeTests.devices) and run UPDATE_GOLDEN=1 swift test --filter GoldenPageTests"
            )
        }
        for name in Self.livePages.keys.sorted() {
            #expect(
                HostSettings.collectors.contains(name),
                "NewCollectorTests.livePages names \(name), which is no collector")
        }
    }

    @Test func `every collector with an expected page has a fixture`() throws {
        var written: [String: Double] = [:]
        for (tree, collectors) in GoldenPageTests.trees {
            let lines = try Trees.lines(
                tree, collectors: collectors, flags: ["--no-collector.arp.netlink"],
                includesCollectorMetrics: true)
            let report = CollectorReport(lines.joined(separator: "\n"))
            written.merge(report.series) { max($0, $1) }
        }
        for name in Set(GoldenPageTests.trees.flatMap(\.collectors)).sorted()
        where written[name, default: 0] == 0 {
            Issue.record(
                "collector \(name) writes nothing from any fixture tree: add what it reads to Tests/Fixtures/rack.py (devices), gateway.py (network) or make-fixtures.py, and run make-fixtures.py"
            )
        }
    }
}
