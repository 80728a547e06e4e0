import Exposition
import Kernel
import Testing

@testable import Host

/// Services in the tree `services`, which was written after the kernel's documents.
struct ControlGroupTests {
    @Test func `a group's use, limits and waits stand under its path`() throws {
        let lines = try page(#"/system\.slice/model-server\.service"#)
        let group = #"cgroup="/system.slice/model-server.service""#
        let wanted = [
            "cpu_usage_seconds_total{\(group)} 90", "cpu_user_seconds_total{\(group)} 67.5",
            "cpu_system_seconds_total{\(group)} 22.5", "cpu_periods_total{\(group)} 5000",
            "cpu_throttled_periods_total{\(group)} 120",
            "cpu_throttled_seconds_total{\(group)} 2.5", "cpu_limit_cores{\(group)} 2.5",
            "memory_current_bytes{\(group)} 3.221225472e+09",
            "memory_peak_bytes{\(group)} 6.442450944e+09",
            "memory_limit_bytes{\(group)} 8.589934592e+09",
            "memory_high_bytes{\(group)} 8.05306368e+09",
            "memory_events_total{\(group),event=\"max\"} 3",
            "memory_events_total{\(group),event=\"oom_kill\"} 1",
            "swap_current_bytes{\(group)} 4096", "swap_limit_bytes{\(group)} 0",
            "pids{\(group)} 42", "pids_limit{\(group)} 4096",
            "pressure_cpu_waiting_seconds_total{\(group)} 1.5",
            "pressure_cpu_stalled_seconds_total{\(group)} 0.25",
            "pressure_memory_stalled_seconds_total{\(group)} 2",
            "pressure_io_waiting_seconds_total{\(group)} 0.5",
            "io_read_bytes_total{\(group),device=\"vda\"} 1.048576e+06",
            "io_written_bytes_total{\(group),device=\"vda\"} 2.097152e+06",
            "io_reads_total{\(group),device=\"259:7\"} 1",
            "io_discarded_bytes_total{\(group),device=\"259:7\"} 512",
        ]
        #expect(wanted.map { "ml_cgroup_" + $0 }.filter { !lines.contains($0) } == [])
        #expect(!lines.contains { $0.contains("ssh.service") || $0.contains("7:0") })
        #expect(
            lines.contains(#"ml_exporter_collector_skipped_lines_total{collector="cgroup"} 0"#))
    }

    @Test func `counters behind several devices are those of the last one`() throws {
        var files = [
            "sys/fs/cgroup/cgroup.controllers": "cpu io\n",
            "sys/fs/cgroup/m.service/cpu.stat": "usage_usec 5\n",
            "sys/fs/cgroup/m.service/io.stat": """
            8:16 7:1 rbytes=55296 wbytes=0 rios=1 wios=0 dbytes=0 dios=0
            8:0 rbytes=258048 wbytes=1 rios=9 wios=2 dbytes=0 dios=0
            8:32 254:0 8:48 rbytes=11 wbytes=12 rios=13 wios=14 dbytes=15 dios=16
            8:64 8:80
            8:96 x:1 rbytes=5

            """,
        ]
        for (number, name) in [
            ("8:16", "sdb"), ("7:1", "loop1"), ("8:0", "sda"), ("8:32", "sdc"), ("254:0", "vda"),
            ("8:48", "sdd"),
        ] {
            files["sys/dev/block/\(number)/uevent"] = "DEVNAME=\(name)\n"
        }
        let page = try SmallTree(
            "cgroup", files: files, flags: ["--collector.cgroup.include=service$"])
        let read = page.lines.filter { $0.hasPrefix("ml_cgroup_io_read_bytes_total{") }
        let group = #"cgroup="/m.service""#
        #expect(
            read
                == [("loop1", 55296), ("sda", 258048), ("sdd", 11), ("8:96", 5)].map {
                    "ml_cgroup_io_read_bytes_total{\(group),device=\"\($0.0)\"} \($0.1)"
                })
    }

    @Test func `no limit is no series`() throws {
        let lines = try page(".*ssh.*")
        #expect(lines.contains(#"ml_cgroup_pids{cgroup="/system.slice/ssh.service"} 3"#))
        #expect(!lines.contains { $0.hasPrefix("ml_cgroup") && $0.contains("limit_") })
        #expect(!lines.contains { $0.hasPrefix("ml_cgroup_memory_high") })
    }

    @Test func `a pattern finds groups at any depth, and the root`() throws {
        let lines = try page("^/$|^/kubepods[.]slice/.*[.]scope$")
        let groups = lines.filter { $0.hasPrefix("ml_cgroup_cpu_usage_seconds_total{") }
        #expect(
            groups == [
                #"ml_cgroup_cpu_usage_seconds_total{cgroup="/"} 123"#,
                #"ml_cgroup_cpu_usage_seconds_total{cgroup="/kubepods.slice/kubepods-pod1.slice/cri-containerd-0a1b2c.scope"} 1"#,
            ])
    }

    @Test func `naming groups turns the collector on, and it is off otherwise`() throws {
        let named = try Trees.lines(
            "services", collectors: [], flags: ["--collector.cgroup.include=.*ssh.*"])
        #expect(named.contains { $0.hasPrefix("ml_cgroup_pids{") })
        #expect(try Trees.lines("services", collectors: []).isEmpty)
    }

    @Test func `groups beyond the limit are counted`() throws {
        let lines = try page(".*", flags: ["--collector.cgroup.limit=2"])
        #expect(lines.count { $0.hasPrefix("ml_cgroup_cpu_usage_seconds_total{") } == 2)
        #expect(lines.contains(#"ml_cgroup_dropped_total{reason="limit"} 5"#))
    }

    @Test func `a machine without version 2 lacks the subject`() throws {
        let lines = try Trees.lines(
            "nowhere", collectors: ["cgroup"], includesCollectorMetrics: true)
        #expect(!lines.contains { $0.hasPrefix("ml_cgroup") })
        #expect(lines.contains(#"ml_exporter_collector_present{collector="cgroup"} 0"#))
        #expect(lines.contains(#"node_scrape_collector_success{collector="cgroup"} 1"#))
    }

    @Test func `damaged lines cost themselves`() {
        #expect(skipped("\nusage_usec\nuser_usec x\nsystem_usec 1 2\n", of: "cpu.stat") == 4)
        #expect(skipped("usage_usec 1\nnew_usec 2\n", of: "cpu.stat") == 0)
        #expect(skipped("100 0\n", of: "cpu.max") == 1)
        #expect(skipped("99999999999999999999 100000\n", of: "cpu.max") == 1)
        #expect(skipped("-1\n", of: "memory.current") == 1)
        #expect(skipped("oom\nmax 1 1\nlow 1\n", of: "memory.events") == 2)
        #expect(skipped("some avg10=1\nsome total=x\nhalf total=1\n", of: "cpu.pressure") == 3)
        #expect(skipped("8:0 rbytes=x wbytes=1\nsda rbytes=1\n8:16\n", of: "io.stat") == 2)
    }

    @Test func `every truncation of every file is survived`() throws {
        let folder = "fs/cgroup/system.slice/model-server.service"
        for name in [
            "cpu.stat", "cpu.max", "memory.current", "memory.events", "cpu.pressure", "io.stat",
        ] {
            let bytes = try Trees.roots("services").sys.attribute("\(folder)/\(name)")
            for length in 0..<bytes.count {
                let text = String(decoding: bytes.prefix(length), as: UTF8.self)
                #expect(skipped(text, of: name) <= 1)
            }
        }
    }

    private func page(_ include: String, flags: [String] = []) throws -> [String] {
        try Trees.lines(
            "services", collectors: ["cgroup"],
            flags: ["--collector.cgroup.include=\(include)"] + flags,
            includesCollectorMetrics: true)
    }

    /// The lines that the parser of a file skips.
    private func skipped(_ text: String, of file: String) -> Int {
        var rows = ControlGroupRows(limit: 4)
        rows.begin()
        defer { rows.end() }
        guard let row = rows.row(Array("/x".utf8)) else { return -1 }
        let bytes = Array(text.utf8)
        return switch file {
        case "cpu.stat": rows.parseProcessor(bytes.span, in: row)
        case "cpu.max": rows.parseProcessorLimit(bytes.span, in: row)
        case "memory.events": rows.parseEvents(bytes.span, in: row)
        case "cpu.pressure":
            rows.parsePressure(bytes.span, waiting: .cpuWaiting, stalled: .cpuStalled, in: row)
        case "io.stat": rows.parseTraffic(bytes.span, of: Array("/x".utf8)) { $0.span.string }
        default: rows.parseNumber(bytes.span, column: .memoryCurrent, in: row)
        }
    }
}
