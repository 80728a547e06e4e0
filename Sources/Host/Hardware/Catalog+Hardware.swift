extension Catalog {
    static let hardware: [Entry] = [
        Entry(RAPL.self, "Energy that processors have used.") { machine, settings in
            RAPL(machine, showsZone: settings.hardware.showsEnergyZone)
        },
        Entry(DMI.self, "What the firmware calls the machine.") { machine, _ in
            DMI(machine.roots)
        },
        Entry(EDAC.self, "Memory errors.") { machine, _ in EDAC(machine) },
        Entry(PowerSupply.self, "Batteries and mains.") { machine, settings in
            PowerSupply(machine, settings.hardware.powerSupplies)
        },
        Entry(Hwmon.self, "Temperatures, fans, voltages.") { machine, settings in
            Hwmon(machine, chips: settings.hardware.chips, sensors: settings.hardware.sensors)
        },
        Entry(ThermalZone.self, "Thermal zones and cooling devices.") { machine, _ in
            ThermalZone(machine)
        },
        Entry(Watchdog.self, "Watchdog timers.") { machine, _ in Watchdog(machine) },
    ]
}
