import Testing

@testable import Host

/// Energy, memory errors, power supplies, thermal zones, watchdogs, firmware.
struct DeviceTests {
    @Test func `zones of energy have a number in their name or get one`() {
        var uses: [String: Int] = [:]
        #expect(RAPL.zone("package-1", uses: &uses) == ("package", 1))
        #expect(RAPL.zone("core", uses: &uses) == ("core", 0))
        #expect(RAPL.zone("core", uses: &uses) == ("core", 1))
        #expect(RAPL.zone("package-0-die-1", uses: &uses) == ("package-0-die-1", 0))
        #expect(RAPL.zone("psys-99999999999999999999", uses: &uses).index == 0)
    }

    @Test func `a zone may be a label instead of a name`() throws {
        let files = [
            "sys/class/powercap/intel-rapl:0/name": "package-0\n",
            "sys/class/powercap/intel-rapl:0/energy_uj": "240422366267\n",
        ]
        let named = try SmallTree("rapl", files: files)
        #expect(named.lines.contains { $0.hasPrefix("node_rapl_package_joules_total{index=\"0\"") })
        let labelled = try SmallTree(
            "rapl", files: files, flags: ["--collector.rapl.enable-zone-label"])
        #expect(
            labelled.lines.contains {
                $0.hasPrefix("node_rapl_joules_total{index=\"0\"")
                    && $0.hasSuffix("rapl_zone=\"package\"} 240422.366267")
            })
    }

    @Test func `a device is numbered when nothing but its number follows the prefix`() {
        #expect("card0".number(behind: "card") == 0)
        #expect("cpu127".number(behind: "cpu") == 127)
        for name in ["card", "card0-DP-1", "card-1", "card+1", "card 1", "car", "", "cpufreq"] {
            #expect(name.number(behind: "card") == nil, "\(name)")
        }
    }

    @Test func `labels of memory modules lose their signs`() {
        #expect(EDAC.clean("CPU#0Channel#1_DIMM#0") == "CPU0Channel1_DIMM0")
        #expect(EDAC.clean("mc0csrow1channel0") == "mc0_csrow1_channel0")
        #expect(EDAC.clean("") == "")
    }

    @Test func `errors of channels and rows have their own families`() throws {
        let row = "sys/devices/system/edac/mc/mc0/csrow2"
        let page = try SmallTree(
            "edac",
            files: [
                "sys/devices/system/edac/mc/mc0/ce_count": "5\n",
                "sys/devices/system/edac/mc/mc0/ue_noinfo_count": "x\n", "\(row)/ce_count": "3\n",
                "\(row)/ch0_ce_count": "2\n", "\(row)/ch0_dimm_label": "A#1\n",
                "sys/devices/system/edac/mc/power/ce_count": "9\n",
            ])
        #expect(page[#"node_edac_correctable_errors_total{controller="0"}"#] == 5)
        #expect(
            page[#"node_edac_csrow_correctable_errors_total{controller="0",csrow="2"}"#] == 3)
        #expect(
            page[
                #"node_edac_channel_correctable_errors_total{channel="0",controller="0",csrow="2",dimm_label="A1"}"#
            ] == 2)
        #expect(page.skippedLines == 1 && page.lines.count == 3)
    }

    @Test func `a battery tells base units and what it says of itself`() throws {
        let folder = "sys/class/power_supply/BAT0"
        let files = [
            "\(folder)/voltage_now": "11950000\n", "\(folder)/temp": "312\n",
            "\(folder)/capacity": "87\n", "\(folder)/status": "Discharging\n",
            "\(folder)/power/control": "auto\n", "\(folder)/time_to_empty_now": "19280\n",
        ]
        let page = try SmallTree("powersupplyclass", files: files)
        #expect(page[#"node_power_supply_voltage_volt{power_supply="BAT0"}"#] == 11.95)
        #expect(page[#"node_power_supply_temp_celsius{power_supply="BAT0"}"#] == 31.2)
        #expect(page[#"node_power_supply_time_to_empty_seconds{power_supply="BAT0"}"#] == 19280)
        #expect(
            page[#"node_power_supply_info{power_supply="BAT0",status="Discharging"}"#] == 1)
        let ignored = try SmallTree(
            "powersupplyclass", files: files,
            flags: ["--collector.powersupply.ignored-supplies=^BAT"])
        #expect(ignored.lines == [])
    }

    @Test func `a cooling device that does not work yet is below zero`() throws {
        let page = try SmallTree(
            "thermal_zone",
            files: [
                "sys/class/thermal/cooling_device1/type": "Fan\n",
                "sys/class/thermal/cooling_device1/cur_state": "-1\n",
                "sys/class/thermal/thermal_zone0/type": "acpitz\n",
                "sys/class/thermal/thermal_zone0/temp": "-5500\n",
                "sys/class/thermal/thermal_zonex/temp": "1\n",
            ])
        #expect(page[#"node_cooling_device_cur_state{name="1",type="Fan"}"#] == -1)
        #expect(page[#"node_thermal_zone_temp{type="acpitz",zone="0"}"#] == -5.5)
        #expect(page.lines.count == 2)
    }

    @Test func `a watchdog's numbers may have a prefix`() throws {
        let page = try SmallTree(
            "watchdog",
            files: [
                "sys/class/watchdog/watchdog0/bootstatus": "0x20\n",
                "sys/class/watchdog/watchdog0/timeout": "60\n",
                "sys/class/watchdog/watchdog0/identity": "Software Watchdog\n",
            ])
        #expect(page[#"node_watchdog_bootstatus{name="watchdog0"}"#] == 32)
        #expect(page[#"node_watchdog_timeout_seconds{name="watchdog0"}"#] == 60)
        #expect(
            page.lines.contains {
                $0.hasPrefix("node_watchdog_info{identity=\"Software Watchdog\"")
            })
    }

    @Test func `the firmware tells what it has`() throws {
        let page = try SmallTree(
            "dmi",
            files: [
                "sys/class/dmi/id/sys_vendor": "  Example Systems \n",
                "sys/class/dmi/id/product_name": "X1\n", "sys/class/dmi/id/modalias": "dmi:x\n",
            ])
        #expect(
            page.lines == [
                #"node_dmi_info{product_name="X1",system_vendor="Example Systems"} 1"#
            ])
    }
}
