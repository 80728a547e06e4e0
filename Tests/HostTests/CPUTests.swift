import Exposition
import Kernel
import Testing

@testable import Host

struct ProcessorTests {
    @Test func `ticks are hundredths of a second and the total line is not shown`() throws {
        let lines = page(of: "cpu  9 9 9 9\ncpu0 100 2 3 4 5 6 7 8 9 10\n")
        #expect(lines.contains(#"node_cpu_seconds_total{cpu="0",mode="user"} 1"#))
        #expect(lines.contains(#"node_cpu_guest_seconds_total{cpu="0",mode="nice"} 0.1"#))
        #expect(lines.filter { $0.hasPrefix("node_cpu_seconds_total{") }.count == 8)
    }

    @Test func `an old kernel's missing columns are zero`() {
        let lines = page(of: "cpu0 1 2 3 400\n")
        #expect(lines.contains(#"node_cpu_seconds_total{cpu="0",mode="idle"} 4"#))
        #expect(lines.contains(#"node_cpu_seconds_total{cpu="0",mode="steal"} 0"#))
    }

    @Test func `a small decrease is held and counted, a large one is a reset`() {
        let statistics = ProcStat(Trees.roots("odd"))
        var held = HeldCounters()
        #expect(held.idle("cpu0 500 0 0 1000\n", statistics: statistics) == 10)
        #expect(held.idle("cpu0 400 0 0 900\n", statistics: statistics) == 10)
        #expect(held.count == 2)
        #expect(held.idle("cpu0 1 0 0 700\n", statistics: statistics) == 7)
        #expect(held.count == 2)
    }

    @Test func `a damaged line costs that line`() {
        let statistics = ProcStat(Trees.roots("odd"))
        let text = Array(
            "cpu0 1 2 3 4\ncpu1 1 2 x 4\n\ncpux 1 2 3 4\ncpu2 1 2\nctxt 7\nbtime\nsoftirq 1 2\n"
                .utf8)
        #expect(statistics.parse(text.span) == 6)
        #expect(statistics.processors.count == 1)
        #expect(statistics.contextSwitches == 7)
        #expect(statistics.bootTimeSeconds == nil)
    }

    @Test func `lists of CPUs are ranges and numbers`() {
        func numbers(_ text: String) -> [UInt64] {
            let bytes = Array(text.utf8)
            return CPUTopology.numbers(bytes.span)
        }
        #expect(numbers("2-4,8") == [2, 3, 4, 8])
        #expect(numbers("") == [])
        #expect(numbers("5-2") == [])
        #expect(numbers("0-99999999999") == [])
    }

    private func information(_ text: String) throws -> SmallTree {
        try SmallTree(
            "cpu",
            files: ["proc/stat": "cpu  1 2 3 4\ncpu0 1 2 3 4\n", "proc/cpuinfo": text],
            flags: ["--collector.cpu.info", "--collector.cpu.info.flags-include=^(aes|sve|vfp)$"])
    }

    @Test(arguments: ["flags", "Features", "features"])
    func `capabilities of a CPU are called flags or features`(name: String) throws {
        let page = try information(
            "processor\t: 0\n\(name)\t: fp aes sve\nCPU part\t: 0xd4f\n\nprocessor\t: 1\n\(name)\t: fp\n\n"
        )
        #expect(page[#"node_cpu_flag_info{flag="aes"}"#] == 1)
        #expect(page[#"node_cpu_flag_info{flag="sve"}"#] == 1)
        #expect(page[#"node_cpu_flag_info{flag="fp"}"#] == nil)
        #expect(page.lines.contains { $0.contains(#"node_cpu_info{"#) && $0.contains(#"cpu="1""#) })
        #expect(page.skippedLines == 0)
    }

    @Test func `what 32-bit ARM says of the machine holds for its CPUs`() throws {
        let several = try information(
            """
            Processor\t: ARMv7 Processor rev 4 (v7l)
            processor\t: 0
            BogoMIPS\t: 38.40

            processor\t: 1
            BogoMIPS\t: 38.40

            Features\t: half thumb vfp
            CPU part\t: 0xd03

            Hardware\t: BCM2835
            Revision\t: a020d3

            """)
        #expect(several[#"node_cpu_flag_info{flag="vfp"}"#] == 1)
        #expect(several.lines.count { $0.hasPrefix("node_cpu_info{") } == 2)
        #expect(several.skippedLines == 0)
        let one = try information("Processor\t: ARMv6\nBogoMIPS\t: 697\nFeatures\t: vfp\n\n")
        #expect(
            one.lines.contains {
                $0.hasPrefix("node_cpu_info{") && $0.contains(#"cpu="0""#)
                    && $0.contains(#"model_name="ARMv6""#)
            })
        #expect(one[#"node_cpu_flag_info{flag="vfp"}"#] == 1)
    }

    private struct HeldCounters {
        var guardian = MonotonicCounters()
        var count = 0

        mutating func idle(_ text: String, statistics: ProcStat) -> Double {
            let bytes = Array(text.utf8)
            _ = statistics.parse(bytes.span)
            guard let (number, ticks) = statistics.processors.first else { return -1 }
            return Double(guardian.clamp(number, ticks: ticks, heldCounters: &count)[3]) / 100
        }
    }

    private func page(of text: String) -> [String] {
        let machine = CollectorResources(Trees.roots("odd"))
        let bytes = Array(text.utf8)
        _ = machine.statistics.parse(bytes.span)
        var processor = CPU(machine, settings: CPUSettings())
        var scrape = CollectionContext()
        var page = Page(format: .text, body: Buffer(capacity: 4096))
        processor.writeSeconds(&scrape, to: &page)
        return page.bytes.string.split(separator: "\n").map(String.init)
    }
}
