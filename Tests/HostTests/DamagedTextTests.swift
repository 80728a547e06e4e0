import Exposition
import Kernel
import Settings
import Testing

@testable import Host

/// Whatever the kernel prints, the good lines are served and the bad ones counted.
struct DamagedTextTests {
    @Test func `meminfo passes every field through and skips malformed lines`() {
        var memory = MemInfo(Trees.roots("odd"))
        var page = Page(format: .text, body: Buffer(capacity: 4096))
        let text = Array(
            "Active(anon):  2 kB\nHugePages_Total: 4\nNewField: 1 kB\n\nMemFree:\nX\nA: 1 MB\nB: 99999999999999999999 kB\nBad\u{7f}: 1 kB\n"
                .utf8)
        #expect(memory.write(text.span, to: &page) == 6)
        let lines = page.bytes.string.split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(
            lines == [
                "node_memory_Active_anon_bytes 2048", "node_memory_HugePages_Total 4",
                "node_memory_NewField_bytes 1024",
            ])
    }

    @Test func `loadavg needs three numbers`() {
        func loads(_ text: String) -> Bool {
            let bytes = Array(text.utf8)
            return LoadAvg.parse(bytes.span) != nil
        }
        #expect(loads("0.21 0.37 0.39 1/719 19737\n"))
        for text in ["", "1 2", "1 x 3", "1 2 nan", "1 2 3x", "\u{0}"] { #expect(!loads(text)) }
    }

    @Test func `network names may hold colons, blanks go, a short line is skipped`() {
        let (lines, skipped) = network(
            """
            Inter-|
             face |
            eth0:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
            ibr10:30: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
              💩0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
            short: 1 2 3

            eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
            """)
        #expect(skipped == 3)
        #expect(lines.contains(#"node_network_receive_bytes_total{device="eth0"} 1"#))
        #expect(lines.contains(#"node_network_transmit_compressed_total{device="ibr10:30"} 16"#))
        #expect(lines.contains(#"node_network_receive_multicast_total{device="💩0"} 8"#))
        #expect(!lines.contains { $0.contains("nohandler") })
    }

    @Test func `every truncation of every file is survived by every parser`() throws {
        for name in ["stat", "meminfo", "diskstats", "loadavg", "net/dev", "1/mountinfo"] {
            var file = Trees.roots("debian12-2cpu").proc.file(name)
            var text = Buffer(capacity: 1 << 14)
            try file.read(into: &text)
            let bytes = text.bytes.copied
            for length in 0...min(bytes.count, 3000) { feed(Array(bytes.prefix(length))) }
        }
    }

    @Test func `a mountinfo line without its hyphen is rejected`() {
        func isMount(_ text: String) -> Bool {
            let bytes = Array(text.utf8)
            return Mount(Cursor(bytes.span)) != nil
        }
        #expect(isMount("36 35 98:0 /a /b rw,noatime master:1 - ext3 /dev/root rw,errors=continue"))
        #expect(isMount("36 35 98:0 / / ro - ext4 /dev/vda"))
        for text in ["", "36 35 98:0 / / ro", "36 35 98 / / ro - ext4 x y", "a b 1:2 / / r - x y"] {
            #expect(!isMount(text))
        }
    }

    @Test func `escapes of the kernel stand for bytes`() {
        func unescaped(_ text: String) -> String {
            let bytes = Array(text.utf8)
            return Mount.unescape(bytes.span).span.string
        }
        #expect(unescaped(#"/a\040b\011c\134d"#) == "/a b\tc\\d")
        #expect(unescaped(#"/a\04"#) == #"/a\04"#)
        #expect(unescaped(#"\999"#) == #"\999"#)
    }

    @Test func `links of a netlink dump that are cut anywhere are survived`() {
        var generator = SystemRandomNumberGenerator()
        for length in 0..<2048 {
            var bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            // A plausible header makes the random bytes reach the attributes.
            if length > 40 {
                bytes[0] = UInt8(truncatingIfNeeded: length)
                bytes[1] = UInt8(truncatingIfNeeded: length >> 8)
                (bytes[2], bytes[3], bytes[4], bytes[5]) = (0, 0, 16, 0)
            }
            var messages = NetlinkMessages(bytes.span)
            var steps = 0
            reading: while steps < 4096 {
                steps += 1
                switch messages.next() {
                case .message(let message):
                    _ = LinkMessages.link(message.payload)
                    _ = LinkMessages.statistics(message.payload)
                case .datagramEnd: break reading
                default: break
                }
            }
            #expect(steps < 4096)
        }
    }

    @Test func `collectors without their files fail alone, and absence is no failure`() throws {
        let lines = try Trees.lines(
            "nowhere", collectors: ["cpu", "diskstats", "loadavg", "meminfo", "uname"],
            includesCollectorMetrics: true)
        #expect(lines.contains(#"node_scrape_collector_success{collector="meminfo"} 0"#))
        #expect(lines.contains(#"node_scrape_collector_success{collector="uname"} 1"#))
        #expect(lines.contains(#"node_scrape_collector_success{collector="diskstats"} 1"#))
        #expect(lines.contains(#"ml_exporter_collector_present{collector="diskstats"} 0"#))
    }

    private func feed(_ bytes: [UInt8]) {
        var page = Page(format: .text, body: Buffer(capacity: 1 << 14))
        _ = ProcStat(Trees.roots("nowhere")).parse(bytes.span)
        var memory = MemInfo(Trees.roots("nowhere"))
        _ = memory.write(bytes.span, to: &page)
        _ = LoadAvg.parse(bytes.span)
        _ = network(String(decoding: bytes, as: UTF8.self))
        var lines = Cursor(bytes.span)
        while let line = lines.line() { _ = Mount(line) }
        _ = UdevProperties.parse(bytes.span)
    }

    private func network(_ text: String) -> (lines: [String], skipped: Int) {
        var errors = ValidationErrors()
        let filter = Filter(flag: "--f", include: nil, exclude: nil, errors: &errors)
        var rows = NetDevRows(
            Trees.roots("odd"),
            settings: NetDevSettings(
                filter: filter, usesNetlink: false, showsAddresses: false, showsAliases: false,
                isDetailed: false))
        let bytes = Array(text.utf8)
        rows.begin()
        let skipped = NetDevSource.parse(bytes.span, into: &rows)
        rows.end()
        var page = Page(format: .text, body: Buffer(capacity: 4096))
        rows.write(to: &page)
        return (page.bytes.string.split(separator: "\n").map(String.init), skipped)
    }
}
