import Kernel
import Testing

@testable import Host

/// Cards of AMD and Intel in the tree `cards`, which was written after the kernel's documents.
struct GraphicsCardsTests {
    private static let withoutLibrary = ["--path.nvml=none"]

    @Test func `an AMD card tells what amdgpu tells`() throws {
        let lines = try Trees.lines(
            "cards", collectors: ["gpu"], flags: Self.withoutLibrary, includesCollectorMetrics: true
        )
        let wanted = [
            #"ml_gpu_info{driver_version="6.12.12",gpu="card0",name="AMD Instinct MI300X OAM",uuid="5b4c2f7d9e013a68"} 1"#,
            #"ml_gpu_utilization_ratio{gpu="card0"} 0.87"#,
            #"ml_gpu_memory_utilization_ratio{gpu="card0"} 0.41"#,
            #"ml_gpu_memory_used_bytes{gpu="card0"} 1.2582912e+10"#,
            #"ml_gpu_memory_total_bytes{gpu="card0"} 2.06141652992e+11"#,
            #"ml_gpu_temperature_celsius{gpu="card0"} -3"#,
            #"ml_gpu_power_watts{gpu="card0"} 312"#,
            #"ml_gpu_power_limit_watts{gpu="card0"} 750"#,
            #"ml_gpu_clock_hertz{domain="graphics",gpu="card0"} 2.1e+09"#,
            #"ml_gpu_clock_hertz{domain="memory",gpu="card0"} 1.3e+09"#,
            #"ml_gpu_ecc_errors_total{gpu="card0",kind="corrected"} 7"#,
            #"ml_gpu_ecc_errors_total{gpu="card0",kind="uncorrected"} 1"#,
            #"ml_exporter_collector_present{collector="gpu"} 1"#,
        ]
        #expect(wanted.filter { !lines.contains($0) } == [])
    }

    @Test(
        arguments: [
            // The labels of temp1, temp2 and so on; the sensor that is shown.
            (["edge", "junction", "mem"], 1), ([nil, "junction", "mem"], 2),
            (["junction", "edge"], 2), (["mem", "junction"], 2), ([""], 1),
            ([nil, nil, "mem"], nil),
            ([nil, "junction"], 2), ([nil, "mem", ""], 3),
        ] as [([String?], Int?)])
    func `an AMD card's temperature is its edge sensor's, else the junction's`(
        labels: [String?], sensor: Int?
    ) throws {
        let device = "sys/class/drm/card1/device"
        var files = ["\(device)/uevent": "DRIVER=amdgpu\nPCI_ID=1002:74A0\n"]
        for (place, label) in labels.enumerated() {
            guard let label else { continue }
            files["\(device)/hwmon/hwmon10/temp\(place + 1)_input"] = "\(40 + place + 1)000\n"
            if !label.isEmpty {
                files["\(device)/hwmon/hwmon10/temp\(place + 1)_label"] = "\(label)\n"
            }
        }
        let page = try SmallTree("gpu", files: files, flags: Self.withoutLibrary)
        #expect(
            page[#"ml_gpu_temperature_celsius{gpu="card1"}"#] == sensor.map { Double(40 + $0) })
    }

    @Test func `Intel's cards tell what i915 and xe tell`() throws {
        let lines = try Trees.lines("cards", collectors: ["gpu"], flags: Self.withoutLibrary)
        let wanted = [
            #"ml_gpu_info{gpu="card1",name="i915 8086:56C0"} 1"#,
            #"ml_gpu_clock_hertz{domain="graphics",gpu="card1"} 1.95e+09"#,
            #"ml_gpu_idle_seconds_total{gpu="card1"} 123.456"#,
            #"ml_gpu_temperature_celsius{gpu="card1"} 54"#,
            #"ml_gpu_power_limit_watts{gpu="card1"} 120"#,
            #"ml_gpu_clock_hertz{domain="graphics",gpu="card2"} 2.85e+09"#,
            #"ml_gpu_idle_seconds_total{gpu="card2"} 5"#,
            #"ml_gpu_energy_joules_total{gpu="card2"} 1"#,
        ]
        #expect(wanted.filter { !lines.contains($0) && !lines.contains(labelled($0)) } == [])
        #expect(lines.contains { $0.hasPrefix(#"ml_gpu_energy_joules_total{gpu="card1"} 9876.5"#) })
    }

    @Test func `a card that sleeps is not asked, others' cards are not shown`() throws {
        let lines = try Trees.lines("cards", collectors: ["gpu"], flags: Self.withoutLibrary)
        #expect(lines.filter { $0.contains("card4") && !$0.hasPrefix("ml_gpu_info") } == [])
        #expect(lines.contains { $0.hasPrefix("ml_gpu_info{") && $0.contains("card4") })
        for name in ["card3", "card5", "card0-DP-1", "renderD128"] {
            #expect(!lines.contains { $0.contains(#""\#(name)""#) })
        }
    }

    @Test func `amdgpu's cards under node_exporter's names`() throws {
        let lines = try Trees.lines("cards", collectors: ["drm"])
        let wanted = [
            #"node_drm_card_info{card="card0",memory_vendor="samsung",power_performance_level="auto",unique_id="5b4c2f7d9e013a68",vendor="amd"} 1"#,
            #"node_drm_gpu_busy_percent{card="card0"} 87"#,
            #"node_drm_memory_gtt_size_bytes{card="card0"} 5.40764565504e+11"#,
            #"node_drm_memory_vram_used_bytes{card="card0"} 1.2582912e+10"#,
            #"node_drm_memory_vram_used_bytes{card="card4"} 0"#,
        ]
        #expect(wanted.filter { !lines.contains($0) } == [])
    }

    @Test func `error counts may lack a line, a number or everything`() {
        func counts(_ text: String) -> [Double?] {
            let bytes = Array(text.utf8)
            let (corrected, uncorrected) = DRMCards.errors(bytes.span)
            return [corrected, uncorrected]
        }
        #expect(counts("ue: 1\nce: 7\n") == [7, 1])
        #expect(counts("ce: 7\nde: 4\n") == [7, nil])
        #expect(counts("ue: \nce: x\n\u{0}") == [nil, nil])
        #expect(counts("ue: 99999999999999999999\n") == [nil, nil])
        #expect(counts("") == [nil, nil])
    }

    @Test func `a device without a driver is no card`() {
        func driver(_ text: String) -> String? {
            let bytes = Array(text.utf8)
            return DRMCard(name: "card0", about: bytes.span)?.driver
        }
        #expect(driver("DRIVER=amdgpu\nPCI_ID=1002:74A1\n") == "amdgpu")
        for text in ["", "DRIVER=", "driver=amdgpu", "MODALIAS=platform:vkms\n\n"] {
            #expect(driver(text) == nil)
        }
    }

    /// An empty label may stand on the page or not; it means the same.
    private func labelled(_ line: String) -> String {
        line.replacing("{gpu=", with: #"{driver_version="",gpu="#, maxReplacements: 1)
            .replacing(#""} 1"#, with: #"",uuid=""} 1"#)
    }
}
