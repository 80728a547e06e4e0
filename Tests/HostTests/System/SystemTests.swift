import CLinux
import Exposition
import Glibc
import Kernel
import Scratch
import Testing

@testable import Host

struct SystemTests {
    @Test func `pressure is the total in seconds, by line`() {
        func totals(_ text: String) -> (some: UInt64?, full: UInt64?, skipped: Int) {
            let bytes = Array(text.utf8)
            return Pressure.totals(bytes.span)
        }
        let both = totals("some avg10=0.00 avg60=1.00 avg300=0.17 total=12\nfull total=7\n")
        #expect(both == (12, 7, 0))
        #expect(totals("full avg10=0.00 total=7\n") == (nil, 7, 0))
        #expect(totals("some total=1x\nsome\n\nother total=3\nfull total=4") == (nil, 4, 4))
    }

    @Test func `a kernel without the pressure of interrupts tells the others`() throws {
        let lines = try Trees.lines(
            "nowhere", collectors: ["pressure"], includesCollectorMetrics: true)
        #expect(lines.contains(#"node_scrape_collector_success{collector="pressure"} 1"#))
        #expect(lines.contains(#"ml_exporter_collector_present{collector="pressure"} 0"#))
    }

    @Test func `open files may be parted by tabs or blanks`() {
        func parse(_ text: String) -> [UInt64]? {
            let bytes = Array(text.utf8)
            return FileFD.parse(bytes.span).map { [$0.allocated, $0.maximum] }
        }
        #expect(parse("1024\t0\t1631329\n") == [1024, 1_631_329])
        #expect(parse("1024 0 9223372036854775807") == [1024, 9_223_372_036_854_775_807])
        for text in ["", "1", "1 2", "a 0 1", "1 0 x", "1 0 -1"] { #expect(parse(text) == nil) }
    }

    @Test func `the clock's numbers are in base units`() {
        var clock = clinux_clock_discipline()
        clock.offset = -1_500_000
        clock.jitter = 250
        clock.frequency = 65_536_000
        clock.max_error = 16_000_000
        clock.tick = 10_000
        let coarse = Timex.values(clock, state: 5)
        #expect(coarse[0] == 0)
        #expect(coarse[1] == -1.5)
        #expect(coarse[2] == 1.001)
        #expect(coarse[3] == 16)
        #expect(coarse[7] == 0.01)
        #expect(coarse[9] == 250e-6)
        clock.status = 0x2001
        let fine = Timex.values(clock, state: 0)
        #expect(fine[0] == 1)
        #expect(fine[1] == -0.0015)
        #expect(fine[5] == 8193)
        #expect(fine[9] == 250e-9)
    }

    @Test func `a release behind an absolute link is that of the mounted host`() throws {
        let folder = try Folder()
        try folder.write("ID=hostos\nVERSION_ID=1\n", to: "rootfs/usr/lib/os-release")
        try folder.make("rootfs/etc")
        #expect(
            unsafe symlink("/usr/lib/os-release", "\(folder.path)/rootfs/etc/os-release") == 0)
        var host = try Trees.host(at: folder.path, collectors: ["os"])
        #expect(Trees.page(&host).contains(#"id="hostos""#))
    }

    @Test func `the release is quoted as a shell quotes`() {
        func fields(_ text: String) -> [String: String] {
            let bytes = Array(text.utf8)
            return OSRelease.parse(bytes.span).fields
        }
        let text =
            "A=\"x \\\"y\\\" \\$z\"\nB='it\\n'\n\n# C=1\n D=plain \nE=\"open\nF=\nG=\"a\"b\n=x\nH\n"
        #expect(fields(text) == ["A": "x \"y\" $z", "B": "it\\n", "D": "plain", "F": ""])
        let bytes = Array(text.utf8)
        #expect(OSRelease.parse(bytes.span).skipped == 4)
    }

    @Test(
        arguments: [
            ("12", 12), ("22.04", 22.04), ("9.4.1", 9.4), ("7.", 7), ("8-stream", 8),
            ("rolling", nil), ("", nil), ("0", nil), (".5", nil), ("1x.7", 1),
        ] as [(String, Double?)])
    func `a version is its first two numbers`(text: String, number: Double?) {
        #expect(OSRelease.number(text) == number)
    }

    @Test func `a date is one that a calendar has`() {
        #expect(OSRelease.seconds(ofDate: "2027-05-31") == 1_811_721_600)
        #expect(OSRelease.seconds(ofDate: "1970-01-01") == 0)
        for text in [
            "", "2027-02-30", "2027-13-01", "27-1-1", "2027-05-31x", "2027/05/31", "x-y-z",
        ] {
            #expect(OSRelease.seconds(ofDate: text) == nil)
        }
    }

    @Test func `the policy is what the first line says`() {
        func mode(_ text: String) -> Int64? {
            let bytes = Array(text.utf8)
            return SELinux.mode(bytes.span)
        }
        #expect(mode("#SELINUX=disabled\nSELINUXTYPE=x\nSELINUX=enforcing\n") == 1)
        #expect(mode(" SELINUX = permissive \nSELINUX=enforcing") == 0)
        #expect(mode("SELINUX=disabled") == -1)
        #expect(mode("SELINUX=maybe") == nil)
        #expect(mode("") == nil)
    }

    @Test func `a process may be called anything`() {
        func status(_ text: String) -> String? {
            let bytes = Array(text.utf8)
            return ProcessCensus.parse(bytes.span).map { "\($0.state) \($0.threads)" }
        }
        let rest = "1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0"
        #expect(status("7 (a) R 1 (b) S \(rest) 3 0 9\n") == "83 3")
        #expect(status("7 () Z \(rest) 1 0\n") == "90 1")
        #expect(status("7 (a) S \(rest)") == nil)
        #expect(status("7 (a) SS \(rest) 3") == nil)
        #expect(status("7 (a S \(rest) 3") == nil)
        #expect(status("7 (a) S \(rest) x") == nil)
        #expect(status("") == nil)
    }

    @Test func `a hung task is counted under both names, and OpenMetrics has no clash`() throws {
        var host = try Trees.host("gateway", collectors: ["kernel_hung"])
        let text = Trees.page(&host)
        #expect(text.contains("# TYPE node_kernel_hung_tasks_total counter\n"))
        #expect(text.contains("\nnode_kernel_hung_tasks 42\n"))
        let strict = Trees.page(&host, format: .openMetrics)
        #expect(strict.contains("# TYPE node_kernel_hung_tasks unknown\n"))
        #expect(strict.contains("# TYPE node_kernel_hung_tasks_total unknown\n"))
        #expect(strict.contains("\nnode_kernel_hung_tasks_total 42\n"))
    }
}
