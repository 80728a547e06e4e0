extension Catalog {
    static let hardware: [Entry] = [
        Entry(RAPL.self, summary: "Energy used by processors.") { machine, settings in
            RAPL(machine, showsZone: settings.hardware.showsEnergyZone)
        },
        Entry(DMI.self, summary: "Vendor, product and version names from the firmware.") {
            machine, _ in
            DMI(machine.roots)
        },
        Entry(EDAC.self, summary: "Memory errors.") { machine, _ in EDAC(machine) },
        Entry(PowerSupply.self, summary: "Batteries and mains.") { machine, settings in
            PowerSupply(machine, filter: settings.hardware.powerSupplies)
        },
        Entry(Hwmon.self, summary: "Temperatures, fans, voltages.") { machine, settings in
            Hwmon(machine, chips: settings.hardware.chips, sensors: settings.hardware.sensors)
        },
        Entry(ThermalZone.self, summary: "Thermal zones and cooling devices.") { machine, _ in
            ThermalZone(machine)
        },
        Entry(Watchdog.self, summary: "Watchdog timers.") { machine, _ in Watchdog(machine) },
    ]
}
