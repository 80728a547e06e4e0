import Testing

@testable import Host

/// Interrupts, softirqs, scheduling and frequencies per CPU.
struct InterruptTests {
    private static let interrupts = """
                   CPU0       CPU3
          0:         44          0  IR-IO-APIC    2-edge      timer
         25:          0        900  IR-PCI-MSI 524288-edge      eth0-rx-0, eth0-tx-0
        NMI:          1          2   Non-maskable interrupts
        ERR:          7
        BAD:          1          x   Damaged

        """

    @Test func `an interrupt has a type, a controller and devices`() throws {
        let page = try SmallTree("interrupts", files: ["proc/interrupts": Self.interrupts])
        #expect(
            page[
                #"node_interrupts_total{cpu="0",devices="2-edge timer",info="IR-IO-APIC",type="0"}"#
            ] == 44)
        #expect(
            page[
                #"node_interrupts_total{cpu="3",devices="524288-edge eth0-rx-0, eth0-tx-0",info="IR-PCI-MSI",type="25"}"#
            ] == 900)
        #expect(
            page.lines.contains(
                #"node_interrupts_total{cpu="3",info="Non-maskable interrupts",type="NMI"} 2"#)
                || page.lines.contains(
                    #"node_interrupts_total{cpu="3",devices="",info="Non-maskable interrupts",type="NMI"} 2"#
                ))
        #expect(page.skippedLines == 1 && page.isSuccess)
    }

    @Test func `interrupts can be chosen, and zeros left out`() throws {
        let files = ["proc/interrupts": Self.interrupts]
        let chosen = try SmallTree(
            "interrupts", files: files,
            flags: [
                "--collector.interrupts.name-include=^NMI;",
                "--no-collector.interrupts.include-zeros",
            ]
        )
        #expect(chosen.lines.count == 2)
        let dense = try SmallTree(
            "interrupts", files: files, flags: ["--no-collector.interrupts.include-zeros"])
        #expect(dense.lines.allSatisfy { !$0.hasSuffix(" 0") } && dense.lines.count == 4)
    }

    @Test func `a head that names no CPUs fails the file`() throws {
        for collector in ["interrupts", "softirqs"] {
            let page = try SmallTree(collector, files: ["proc/\(collector)": "nothing\n 1: 2 3\n"])
            #expect(!page.isSuccess && page.isPresent)
        }
    }

    @Test func `softirqs that are not known are left, short lines counted`() throws {
        let page = try SmallTree(
            "softirqs",
            files: [
                "proc/softirqs":
                    "                    CPU0       CPU2\n      TIMER:  424191 108342\n   LATER: 1 2\n     SCHED:  1\n"
            ])
        #expect(page[#"node_softirqs_functions_total{cpu="2",type="TIMER"}"#] == 108342)
        #expect(!page.lines.contains { $0.contains("LATER") })
        #expect(page.skippedLines == 1)
    }

    @Test func `schedstat's nanoseconds become seconds`() throws {
        let page = try SmallTree(
            "schedstat",
            files: [
                "proc/schedstat":
                    "version 17\ncpu0 0 0 0 0 0 0 2045936778163039 343796328169361 4767485306\ndomain0 MC f 1 2\ncpu1 1 2\n"
            ])
        #expect(page[#"node_schedstat_running_seconds_total{cpu="0"}"#] == 2.045936778163039e+06)
        #expect(page[#"node_schedstat_timeslices_total{cpu="0"}"#] == 4.767485306e+09)
        #expect(page.skippedLines == 1)
    }

    @Test func `frequencies are hertz, and one governor rules`() throws {
        let folder = "sys/devices/system/cpu/cpu7/cpufreq"
        let page = try SmallTree(
            "cpufreq",
            files: [
                "sys/devices/system/cpu/offline": "\n",
                "\(folder)/scaling_cur_freq": "2400000\n", "\(folder)/scaling_governor": "b\n",
                "\(folder)/scaling_available_governors": "a b \n",
            ])
        #expect(page[#"node_cpu_scaling_frequency_hertz{cpu="7"}"#] == 2.4e+09)
        #expect(page[#"node_cpu_scaling_governor{cpu="7",governor="a"}"#] == 0)
        #expect(page[#"node_cpu_scaling_governor{cpu="7",governor="b"}"#] == 1)
    }
}
