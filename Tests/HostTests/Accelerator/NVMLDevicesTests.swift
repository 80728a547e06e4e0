import ArgumentParser
import Exposition
import Glibc
import Kernel
import Settings
import Testing

@testable import Host

/// NVIDIA devices, played by a stand-in for their library.
struct ManagedDevicesTests {
    @Test func `a device tells all that it knows in base units`() throws {
        let lines = try page(StandIn())
        let wanted = [
            #"ml_gpu_info{driver_version="570.133.20",gpu="1",name="NVIDIA Stand-in 80GB",uuid="GPU-00000001-0000-0000-0000-000000000000"} 1"#,
            #"ml_gpu_utilization_ratio{gpu="1"} 0.38"#,
            #"ml_gpu_memory_utilization_ratio{gpu="1"} 0.12"#,
            #"ml_gpu_memory_used_bytes{gpu="1"} 4.294967296e+09"#,
            #"ml_gpu_memory_total_bytes{gpu="1"} 8.589934592e+10"#,
            #"ml_gpu_temperature_celsius{gpu="1"} 42"#,
            #"ml_gpu_power_watts{gpu="1"} 70.124"#,
            #"ml_gpu_power_limit_watts{gpu="1"} 350"#,
            #"ml_gpu_energy_joules_total{gpu="1"} 1.234567890123e+09"#,
            #"ml_gpu_clock_hertz{domain="graphics",gpu="1"} 1.41e+09"#,
            #"ml_gpu_clock_hertz{domain="sm",gpu="1"} 1.411e+09"#,
            #"ml_gpu_clock_hertz{domain="memory",gpu="1"} 1.593e+09"#,
            #"ml_gpu_clock_hertz{domain="video",gpu="1"} 1.275e+09"#,
            #"ml_gpu_pcie_received_bytes_total{gpu="1"} 6e+09"#,
            #"ml_gpu_pcie_transmitted_bytes_total{gpu="1"} 5e+09"#,
            #"ml_gpu_nvlink_received_bytes_total{gpu="1"} 8.192e+09"#,
            #"ml_gpu_nvlink_transmitted_bytes_total{gpu="1"} 7.168e+09"#,
            #"ml_gpu_ecc_errors_total{gpu="1",kind="corrected"} 10"#,
            #"ml_gpu_ecc_errors_total{gpu="1",kind="uncorrected"} 11"#,
            #"ml_gpu_throttled{gpu="1",reason="sw_power_cap"} 1"#,
            #"ml_gpu_throttled{gpu="1",reason="hw_slowdown"} 0"#,
            #"node_scrape_collector_success{collector="gpu"} 1"#,
            #"ml_exporter_collector_present{collector="gpu"} 1"#,
        ]
        #expect(wanted.filter { !lines.contains($0) } == [])
        #expect(lines.count { $0.hasPrefix("ml_gpu_throttled{") } == 16)
        #expect(!lines.contains { $0.hasPrefix("DCGM") })
    }

    @Test func `a process counts once, and not when its memory is unknown`() throws {
        let lines = try page(StandIn()).filter { $0.hasPrefix("ml_gpu_process") }
        #expect(
            lines == [
                #"ml_gpu_process_memory_bytes{gpu="0",pid="4242"} 2.147483648e+09"#,
                #"ml_gpu_process_memory_bytes{gpu="0",pid="4244"} 1.048576e+06"#,
                #"ml_gpu_process_memory_bytes{gpu="1",pid="4242"} 2.147483648e+09"#,
                #"ml_gpu_process_memory_bytes{gpu="1",pid="4244"} 1.048576e+06"#,
            ])
    }

    @Test func `a partitioned device leaves memory and processes to its parts`() throws {
        let lines = try page(StandIn("mig 0"), flags: ["--collector.gpu.dcgm-names"])
        let memory = lines.filter { $0.hasPrefix("ml_gpu_memory_used_bytes{") }
        #expect(
            memory == [
                #"ml_gpu_memory_used_bytes{compute_instance="0",gpu="0",gpu_instance="7"} 1.073741824e+09"#,
                #"ml_gpu_memory_used_bytes{compute_instance="0",gpu="0",gpu_instance="8"} 1.073741824e+09"#,
                #"ml_gpu_memory_used_bytes{gpu="1"} 4.294967296e+09"#,
            ])
        let wanted = [
            #"ml_gpu_info{compute_instance="0",driver_version="570.133.20",gpu="0",gpu_instance="8",name="NVIDIA Stand-in 80GB MIG 2g.10gb",profile="2g.10gb",uuid="MIG-00000000-0000-0000-0000-000000000001"} 1"#,
            #"ml_gpu_process_memory_bytes{compute_instance="0",gpu="0",gpu_instance="8",pid="4242"} 2.147483648e+09"#,
            #"ml_gpu_temperature_celsius{gpu="0"} 41"#,
            "ml_gpu_failed_calls_total 0",
        ]
        #expect(wanted.filter { !lines.contains($0) } == [])
        #expect(!lines.contains { $0.hasPrefix(#"ml_gpu_process_memory_bytes{gpu="0",pid"#) })
        #expect(!lines.contains { $0.hasPrefix(#"ml_gpu_utilization_ratio{gpu="0"}"#) })
        let free = lines.filter { $0.hasPrefix("DCGM_FI_DEV_FB_USED{") && $0.contains("I_ID") }
        #expect(free.count == 2)
        #expect(free.allSatisfy { $0.contains(#"GPU_I_PROFILE="#) && $0.hasSuffix(" 1024") })
    }

    @Test func `the machine's name has the labels that a flag says`() throws {
        let lines = try page(
            StandIn(),
            flags: [
                "--collector.gpu.dcgm-names",
                "--collector.gpu.dcgm-hostname-labels=Hostname,hostname",
            ])
        let row = try #require(lines.first { $0.hasPrefix("DCGM_FI_DEV_GPU_TEMP{") })
        #expect(row.contains(#",hostname=""#) && row.contains(#",Hostname=""#))
    }

    @Test(
        arguments: [
            ("hostname", ["hostname"]), ("Hostname", ["Hostname"]), ("", []),
            ("Hostname,hostname", ["Hostname", "hostname"]), ("host", nil),
            ("hostname,hostname", nil),
        ] as [(String, [String]?)])
    func `a label for the machine's name is one of two`(value: String, labels: [String]?) throws {
        var errors = ValidationErrors()
        let settings = try AcceleratorOptions.parse(
            ["--collector.gpu.dcgm-hostname-labels", value]
        ).settings(&errors)
        #expect(errors.isEmpty == (labels != nil))
        if let labels { #expect(settings.dcgmHostNameLabels == labels) }
    }

    @Test func `dcgm-exporter's names carry its labels and units`() throws {
        let lines = try page(StandIn(), flags: ["--collector.gpu.dcgm-names"])
        let rows = lines.filter { $0.hasPrefix("DCGM_FI_DEV_") && $0.contains(#",gpu="0","#) }
        let values = rows.map { row in
            let name = row.prefix { $0 != "{" }.dropFirst("DCGM_FI_DEV_".count)
            return "\(name) \(row.split(separator: " ").last ?? "")"
        }
        #expect(
            values == [
                "SM_CLOCK 1411", "MEM_CLOCK 1593", "MEMORY_TEMP 55", "GPU_TEMP 41",
                "POWER_USAGE 70.123", "TOTAL_ENERGY_CONSUMPTION 1.234567890123e+12",
                "PCIE_REPLAY_COUNTER 9", "GPU_UTIL 37", "MEM_COPY_UTIL 12", "ENC_UTIL 5",
                "DEC_UTIL 6", "FB_FREE 78336", "FB_USED 3072", "FB_RESERVED 512",
                "UNCORRECTABLE_REMAPPED_ROWS 2", "CORRECTABLE_REMAPPED_ROWS 1",
                "ROW_REMAP_FAILURE 0",
            ])
        let labels = try #require(rows.first)
        for label in [
            #"DCGM_FI_DRIVER_VERSION="570.133.20""#, #"device="nvidia0""#, #"hostname=""#,
            #"UUID="GPU-00000000-0000-0000-0000-000000000000""#,
            #"modelName="NVIDIA Stand-in 80GB""#, #"pci_bus_id="00000000:01:00.0""#,
        ] {
            #expect(labels.contains(label))
        }
    }

    @Test func `an old library gives what it has`() throws {
        let lines = try page(StandIn(isOld: true), flags: ["--collector.gpu.dcgm-names"])
        let wanted = [
            #"ml_gpu_memory_used_bytes{gpu="0"} 3.758096384e+09"#,
            #"ml_gpu_power_limit_watts{gpu="0"} 400"#,
            #"ml_gpu_process_memory_bytes{gpu="0",pid="4242"} 2.147483648e+09"#,
            "ml_gpu_failed_calls_total 0",
        ]
        #expect(wanted.filter { !lines.contains($0) } == [])
        for name in ["energy", "throttled", "pcie", "nvlink"] {
            #expect(!lines.contains { $0.hasPrefix("ml_gpu_\(name)") })
        }
    }

    @Test func `answers that no driver gives are survived`() throws {
        let lines = try page(StandIn("wild 1\nmig 1"), flags: ["--collector.gpu.dcgm-names"])
        let wanted = [
            #"ml_gpu_utilization_ratio{gpu="0"} 1"#, #"ml_gpu_memory_utilization_ratio{gpu="0"} 1"#,
            #"ml_gpu_throttled{gpu="0",reason="hw_slowdown"} 1"#,
            #"ml_gpu_ecc_errors_total{gpu="0",kind="corrected"} 1.8446744073709552e+19"#,
            #"node_scrape_collector_success{collector="gpu"} 1"#,
        ]
        #expect(wanted.filter { !lines.contains($0) } == [])
    }

    @Test(arguments: [3, 4, 13, 26])
    func `what is refused for good is left out and no failure`(code: Int) throws {
        let lines = try page(StandIn("code nvmlDeviceGetPowerUsage \(code)"))
        #expect(!lines.contains { $0.hasPrefix("ml_gpu_power_watts") })
        #expect(lines.contains("ml_gpu_failed_calls_total 0"))
        #expect(lines.contains(#"ml_gpu_temperature_celsius{gpu="0"} 41"#))
    }

    @Test func `what fails for now is counted and asked again`() throws {
        let standIn = try StandIn("code nvmlDeviceGetPowerUsage 999")
        var host = try host(standIn)
        #expect(!Trees.page(&host).contains("ml_gpu_power_watts"))
        #expect(Trees.page(&host).contains("ml_gpu_failed_calls_total 4\n"))
        try standIn.set("")
        #expect(Trees.page(&host).contains("ml_gpu_power_watts{gpu=\"0\"} 70.123\n"))
    }

    @Test func `a device that falls off the bus is missed, and the others stay`() throws {
        let standIn = try StandIn()
        var host = try host(standIn)
        #expect(Trees.page(&host).contains(#"ml_gpu_info{driver_version="570.133.20",gpu="0""#))
        try standIn.set("lost 0")
        let page = Trees.page(&host)
        #expect(!page.contains(#"gpu="0""#))
        #expect(page.contains("ml_gpu_temperature_celsius{gpu=\"1\"} 42\n"))
        #expect(page.contains("ml_gpu_lost_total 1\n"))
        #expect(page.contains("node_scrape_collector_success{collector=\"gpu\"} 1\n"))
    }

    @Test func `PCIe traffic that a device does not count is estimated by a thread`() throws {
        let standIn = try StandIn("counters 0")
        defer { withExtendedLifetime(standIn) {} }
        var host = try host(standIn)
        #expect(!Trees.page(&host).contains("ml_gpu_pcie_received_bytes_total"))
        // The stand-in says twice as much for one direction.
        var (received, transmitted): (Double?, Double?)
        for _ in 0..<600 where received == nil || transmitted == 0 {
            usleep(50_000)
            let lines = Trees.page(&host).split(separator: "\n").map(String.init)
            received = value("ml_gpu_pcie_received_bytes_total{gpu=\"0\"}", lines: lines)
            transmitted = value("ml_gpu_pcie_transmitted_bytes_total{gpu=\"0\"}", lines: lines)
        }
        let both = try (#require(received), #require(transmitted))
        #expect(both.0 > 0)
        #expect(abs(both.0 - 2 * both.1) <= 2)
    }

    @Test func `without a library or a driver the machine has no GPU, silently`() throws {
        let driverless = try StandIn("start 9")
        defer { withExtendedLifetime(driverless) {} }
        for path in ["none", driverless.path] {
            let lines = try Trees.lines(
                "nowhere", collectors: ["gpu"], flags: ["--path.nvml=\(path)"],
                includesCollectorMetrics: true)
            #expect(!lines.contains { $0.hasPrefix("ml_gpu") })
            #expect(lines.contains(#"ml_exporter_collector_present{collector="gpu"} 0"#))
            #expect(lines.contains(#"node_scrape_collector_success{collector="gpu"} 1"#))
        }
    }

    @Test func `a driver that does not fit the library is a failure with a reason`() throws {
        let standIn = try StandIn("start 18")
        let mismatch = try failure(host(standIn))
        #expect(mismatch?.contains("version mismatch (code 18)") == true)
        try standIn.set("code nvmlDeviceGetCount 999")
        let countless = try failure(host(standIn))
        #expect(countless?.contains("nvmlDeviceGetCount: code 999") == true)
    }

    @Test func `a driver whose device files are hidden is a failure with a reason`() throws {
        let standIn = try StandIn("start 9")
        let reason = try failure(
            Trees.host("cards", collectors: ["gpu"], flags: ["--path.nvml=\(standIn.path)"]))
        #expect(reason?.contains("Driver Not Loaded (code 9), yet the driver is loaded") == true)
        withExtendedLifetime(standIn) {}
    }

    @Test(
        .enabled("needs a machine without the library") {
            unsafe dlopen("libnvidia-ml.so.1", RTLD_LAZY) == nil
        })
    func `a driver without its library is a failure that names the library`() throws {
        let reason = try failure(Trees.host("cards", collectors: ["gpu"]))
        #expect(reason?.contains("libnvidia-ml.so.1") == true)
        #expect(reason?.contains("yet the NVIDIA driver is loaded") == true)
    }

    @Test func `a library that a flag names must be there`() throws {
        let reason = try failure(
            Trees.host("nowhere", collectors: ["gpu"], flags: ["--path.nvml=/nonexistent/nvml.so"]))
        #expect(reason?.contains("/nonexistent/nvml.so") == true)
    }

    private func host(_ standIn: StandIn, flags: [String] = []) throws -> Host {
        try Trees.host(
            "nowhere", collectors: ["gpu"], flags: ["--path.nvml=\(standIn.path)"] + flags,
            includesCollectorMetrics: true)
    }

    private func page(_ standIn: StandIn, flags: [String] = []) throws -> [String] {
        try Trees.lines(
            "nowhere", collectors: ["gpu"], flags: ["--path.nvml=\(standIn.path)"] + flags,
            includesCollectorMetrics: true)
    }

    private func failure(_ host: consuming Host) -> String? {
        var host = host
        var page = Page(format: .text, body: Buffer(capacity: 4096))
        var reason: String?
        _ = host.write(to: &page) { _, error in reason = error.description }
        return reason
    }

    private func value(_ series: String, lines: [String]) -> Double? {
        lines.first { $0.hasPrefix(series + " ") }.flatMap {
            Double($0.dropFirst(series.count + 1))
        }
    }
}
