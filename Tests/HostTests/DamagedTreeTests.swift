import Exposition
import Glibc
import Kernel
import Testing

@testable import Host

/// Every file of a rack server, damaged in every way: the others are served as before, and what is
/// lost is counted.
struct DamagedTreeTests {
    /// The collectors of devices, and where in the tree each has its files.
    static let devices: [(collector: String, slots: [String])] = [
        ("bcache", ["sys/fs/bcache/"]), ("bcachefs", ["sys/fs/bcachefs/"]),
        ("btrfs", ["sys/fs/btrfs/"]), ("cpufreq", ["sys/devices/system/cpu/cpufreq/"]),
        ("dmi", ["sys/class/dmi/"]),
        (
            "dmmultipath",
            ["sys/block/dm-", "sys/block/sda/device", "sys/block/sdb/device", "sys/block/nvme9n1"]
        ),
        ("edac", ["sys/devices/system/edac/"]), ("fibrechannel", ["sys/class/fc_host/"]),
        ("hwmon", ["sys/class/hwmon/"]), ("interrupts", ["proc/interrupts"]),
        ("mdadm", ["proc/mdstat", "sys/block/md"]), ("mountstats", ["proc/1/mountstats"]),
        ("nfs", ["proc/net/rpc/nfs"]), ("nfsd", ["proc/net/rpc/nfsd"]),
        ("nvme", ["sys/class/nvme/"]), ("powersupplyclass", ["sys/class/power_supply/"]),
        ("rapl", ["sys/class/powercap/"]), ("schedstat", ["proc/schedstat"]),
        ("softirqs", ["proc/softirqs"]), ("tapestats", ["sys/class/scsi_tape/"]),
        ("thermal_zone", ["sys/class/thermal/"]), ("watchdog", ["sys/class/watchdog/"]),
        ("xfs", ["sys/fs/xfs/"]), ("zfs", ["proc/spl/"]),
    ]

    /// A way to damage text.
    enum Damage: CaseIterable {
        case empty, blankLines, keysOnly, shortLines, noNumbers, overflowing, moreColumns, binary
        case zeros, endless

        func apply(to text: [UInt8]) -> [UInt8] {
            switch self {
            case .empty: return []
            case .binary: return (0..<500).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) }
            case .zeros: return [UInt8](repeating: 0, count: 300)
            case .endless: return text + [UInt8](repeating: 0x37, count: 1 << 16)
            default: break
            }
            let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
            let hasOne = lines.count <= 2
            return Array(
                lines.enumerated().map { index, line in
                    // Good lines stay between the bad ones.
                    line.isEmpty || (index % 2 == 0 && !hasOne) ? Array(line) : damage(Array(line))
                }.joined(separator: [0x0A]))
        }

        private func damage(_ line: [UInt8]) -> [UInt8] {
            switch self {
            case .blankLines: return [0x0A] + line + [0x0A]
            case .keysOnly: return line.split(separator: 0x20).first.map(Array.init) ?? []
            case .shortLines: return Array(line.prefix(line.count / 2))
            case .noNumbers: return line.map { $0 >= 0x30 && $0 <= 0x39 ? 0x78 : $0 }
            case .moreColumns: return line + Array(" 7 and more".utf8)
            case .overflowing:
                return line.flatMap {
                    $0 >= 0x30 && $0 <= 0x39 ? Array("99999999999999999999".utf8) : [$0]
                }
            default: return line
            }
        }
    }

    @Test(arguments: Damage.allCases)
    func `damage costs the collector that reads the file, and is counted`(
        damage: Damage
    ) throws {
        let tree = try CopiedTree("rack")
        let names = Self.devices.map(\.collector)
        var host = try Trees.host(at: tree.path, collectors: names, includesCollectorMetrics: true)
        let whole = CollectorReport(Trees.page(&host))
        // Every second one is hit, then the others.
        for half in 0..<2 {
            let hit = Self.devices.indices.filter { $0 % 2 == half }.map { Self.devices[$0] }
            let files = hit.flatMap { Self.files(of: $0.slots, in: tree) }
            #expect(files.count > hit.count)
            for file in files { try tree.write(damage.apply(to: file.text), to: file.name) }
            let before = CollectorReport(Trees.page(&host))
            let text = Trees.page(&host)
            let report = CollectorReport(text)
            #expect(TextPage.isWellFormed(text))
            for name in names {
                let isLess = (report.series[name] ?? 0) < (whole.series[name] ?? 0)
                if hit.contains(where: { $0.collector == name }) {
                    let isCounted =
                        report.successes[name] == 0
                        || (report.skipped[name] ?? 0) > (before.skipped[name] ?? 0)
                    #expect(!isLess || isCounted, "the loss of \(name)")
                } else {
                    #expect(report.successes[name] == 1, "\(name) is whole")
                    #expect(report.series[name] == whole.series[name], "\(name) is whole")
                }
            }
            for file in files { try tree.write(file.text, to: file.name) }
        }
        // Repaired, it is read again.
        let repaired = CollectorReport(Trees.page(&host))
        #expect(repaired.series == whole.series)
        #expect(repaired.successes == whole.successes)
    }

    private static func files(of slots: [String], in tree: CopiedTree) -> [CopiedTree.File] {
        tree.files.filter { file in
            // `proc/net/rpc/nfs` is not `proc/net/rpc/nfsd`.
            slots.contains {
                file.name.hasPrefix($0) && ($0 != "proc/net/rpc/nfs" || file.name == $0)
            }
        }
    }

    @Test func `every file cut at every length is survived`() throws {
        let tree = try CopiedTree("rack")
        let names = Self.devices.map(\.collector)
        // Attributes are short: from here on only texts of several lines are left.
        let short = 100
        var all = try Trees.host(at: tree.path, collectors: names)
        let texts = [
            "bcachefs", "interrupts", "mdadm", "mountstats", "nfs", "nfsd", "schedstat", "softirqs",
            "xfs", "zfs",
        ]
        var some = try Trees.host(at: tree.path, collectors: texts)
        let whole = Trees.page(&all).split(separator: "\n").filter { !$0.contains("_duration_") }
        let longest = tree.files.map(\.text.count).max() ?? 0
        #expect(longest > 1000)
        for length in stride(from: longest - 1, through: 0, by: -1) {
            for file in tree.files where file.text.count > length {
                #expect(unsafe truncate("\(tree.path)/\(file.name)", length) == 0)
            }
            let page = length < short ? Trees.page(&all) : Trees.page(&some)
            if length % 16 == 0, !TextPage.isWellFormed(page) {
                Issue.record("malformed page at length \(length)")
            }
        }
        for file in tree.files { try tree.write(file.text, to: file.name) }
        let again = Trees.page(&all).split(separator: "\n").filter { !$0.contains("_duration_") }
        #expect(again == whole)
    }

    @Test(arguments: devices.map(\.collector))
    func `a machine without the devices is no failure`(collector: String) throws {
        let lines = try Trees.lines(
            "nowhere", collectors: [collector], includesCollectorMetrics: true)
        let expected = ["interrupts", "mountstats", "softirqs"].contains(collector) ? 0 : 1
        #expect(
            lines.contains(
                "node_scrape_collector_success{collector=\"\(collector)\"} \(expected)"))
        #expect(
            lines.contains(
                "ml_exporter_collector_present{collector=\"\(collector)\"} \(1 - expected)"))
    }

    @Test func `16 MiB in every file are survived`() throws {
        let tree = try CopiedTree("rack")
        for file in tree.files {
            #expect(unsafe truncate("\(tree.path)/\(file.name)", 16 << 20) == 0)
        }
        var host = try Trees.host(at: tree.path, collectors: Self.devices.map(\.collector))
        #expect(TextPage.isWellFormed(Trees.page(&host)))
        for file in tree.files { try tree.write(file.text, to: file.name) }
        let report = CollectorReport(Trees.page(&host))
        #expect(report.successes.values.allSatisfy { $0 == 1 })
    }
}

/// Whether a page is one that Prometheus reads.
enum TextPage {
    static func isWellFormed(_ page: String) -> Bool {
        let bytes = Array(page.utf8)
        return (try? TextParser.parse(bytes.span)) != nil
    }
}
