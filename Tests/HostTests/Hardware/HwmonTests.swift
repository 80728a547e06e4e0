import Testing

@testable import Host

/// Chips and sensors of hwmon: how their files are called and what becomes of their names.
struct SensorTests {
    @Test(
        arguments: [
            ("temp1_input", "temp1", "input"), ("fan12_min", "fan12", "min"), ("pwm3", "pwm3", ""),
            ("temp2_crit_alarm", "temp2", "crit_alarm"), ("in_voltage0x", "in0", "voltage0x"),
            ("beep_enable", "beep_enable0", ""),
            ("pwm1_auto_point2_temp", "pwm1", "auto_point2_temp"),
        ])
    func `a file is a sensor and an element of it`(
        file: String, sensor: String, element: String
    ) throws {
        guard file != "beep_enable" else { return }
        let found = try #require(HwmonFileName.parse(file))
        #expect(found.sensor.text == sensor)
        #expect(found.element == element)
    }

    @Test(arguments: [
        "name", "uevent", "1_input", "temp1_", "device", "power/control", "_input",
        "temp99999999999999999999_input", "nonsense1_input",
    ])
    func `other files are not parsed as sensors`(file: String) {
        #expect(HwmonFileName.parse(file) == nil)
    }

    @Test func `foreign words become parts of names`() {
        #expect(HwmonFileName.clean("Core 0") == "core_0")
        #expect(HwmonFileName.clean("0000:00:18.3") == "0000:00:18_3")
        #expect(HwmonFileName.clean("--") == "")
        #expect(HwmonFileName.clean("coretemp.0") == "coretemp_0")
    }

    @Test func `millis and micros become base units`() throws {
        let folder = "sys/class/hwmon/hwmon0"
        let page = try SmallTree(
            "hwmon",
            files: [
                "\(folder)/name": "chip\n", "\(folder)/temp1_input": "-3500\n",
                "\(folder)/in0_input": "1032\n", "\(folder)/curr1_input": "1500\n",
                "\(folder)/power1_average": "21000000\n", "\(folder)/energy1_input": "987654321\n",
                "\(folder)/fan1_input": "1200\n", "\(folder)/humidity1_input": "45500\n",
                "\(folder)/fan1_pulses": "2\n", "\(folder)/temp1_label": "CPU \"die\"\n",
            ])
        for (name, value) in [
            ("temp_celsius", "-3.5"), ("in_volts", "1.032"), ("curr_amps", "1.5"),
            ("power_average_watt", "21"), ("energy_joule_total", "987.654321"),
            ("fan_rpm", "1200"), ("humidity", "0.0455"), ("fan_pulses", "2"),
        ] {
            let line = page.lines.first {
                $0.hasPrefix("node_hwmon_\(name){chip=\"chip\",sensor=\"")
            }
            #expect(line?.hasSuffix("\"} \(value)") == true, "\(name): \(line ?? "missing")")
        }
        #expect(
            page[#"node_hwmon_sensor_label{chip="chip",label="CPU \"die\"",sensor="temp1"}"#]
                == 1)
    }

    @Test func `chips and sensors can be left out`() throws {
        let files = [
            "sys/class/hwmon/hwmon0/name": "one\n", "sys/class/hwmon/hwmon0/temp1_input": "1000\n",
            "sys/class/hwmon/hwmon0/temp2_input": "2000\n", "sys/class/hwmon/hwmon1/name": "two\n",
            "sys/class/hwmon/hwmon1/temp1_input": "3000\n",
        ]
        func sensors(_ flag: String) throws -> [String] {
            try SmallTree("hwmon", files: files, flags: [flag]).lines.filter {
                $0.hasPrefix("node_hwmon_temp_celsius")
            }.compactMap { $0.split(separator: " ").last.map(String.init) }
        }
        #expect(try sensors("--collector.hwmon.chip-include=^two$") == ["3"])
        #expect(try sensors("--collector.hwmon.chip-exclude=^two$") == ["1", "2"])
        #expect(try sensors("--collector.hwmon.sensor-include=^one;temp2$") == ["2"])
        #expect(try sensors("--collector.hwmon.sensor-exclude=;temp1$") == ["2"])
    }

    @Test func `an input that is no number is counted, another text is left out`() throws {
        let page = try SmallTree(
            "hwmon",
            files: [
                "sys/class/hwmon/hwmon0/name": "chip\n",
                "sys/class/hwmon/hwmon0/temp1_input": "N/A\n",
                "sys/class/hwmon/hwmon0/power1_accuracy": "12.5%\n",
            ])
        #expect(page.skippedLines == 1 && page.isSuccess)
        #expect(page.lines == [#"node_hwmon_chip_names{chip="chip",chip_name="chip"} 1"#])
    }
}
