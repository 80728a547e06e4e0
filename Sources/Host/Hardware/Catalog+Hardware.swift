extension Catalog {
    static let hardware: [Entry] = [
        Entry(EnergyZone.self, "Energy that processors have used.") { machine, settings in
            EnergyZone(machine, showsZone: settings.hardware.showsEnergyZone)
        },
        Entry(Firmware.self, "What the firmware calls the machine.") { machine, _ in
            Firmware(machine.roots)
        },
        Entry(MemoryErrors.self, "Memory errors.") { machine, _ in MemoryErrors(machine) },
        Entry(PowerSupply.self, "Batteries and mains.") { machine, settings in
            PowerSupply(machine, settings.hardware.powerSupplies)
        },
        Entry(Sensor.self, "Temperatures, fans, voltages.") { machine, settings in
            Sensor(machine, chips: settings.hardware.chips, sensors: settings.hardware.sensors)
        },
        Entry(ThermalZone.self, "Thermal zones and cooling devices.") { machine, _ in
            ThermalZone(machine)
        },
        Entry(Watchdog.self, "Watchdog timers.") { machine, _ in Watchdog(machine) },
    ]
}
