extension Catalog {
    static let system: [Entry] = [
        Entry(SystemClock.self, "Time and clock sources.") { machine, _ in
            SystemClock(machine.roots)
        },
        Entry(SystemName.self, "Name and release of the system.") { _, _ in SystemName() },
        Entry(ClockDiscipline.self, "How the clock is kept right.") { _, _ in
            ClockDiscipline()
        },
        Entry(OperatingSystem.self, "Name and version of the distribution.") { machine, _ in
            OperatingSystem(machine.roots)
        },
        Entry(Pressure.self, "Time that tasks have waited for resources.") { machine, _ in
            Pressure(machine.roots)
        },
        Entry(OpenFiles.self, "Open files and their limit.") { machine, _ in
            OpenFiles(machine.roots)
        },
        Entry(Entropy.self, "Entropy of the random number generator.") { machine, _ in
            Entropy(machine.roots)
        },
        Entry(HungTasks.self, "Tasks that have hung.") { machine, _ in HungTasks(machine.roots) },
        Entry(SecurityPolicy.self, "Whether SELinux enforces its policy.") { machine, _ in
            SecurityPolicy(machine.roots)
        },
        Entry(Processes.self, runsByDefault: false, "Processes and threads by state.") {
            machine, _ in Processes(machine.roots)
        },
        Entry(ControlGroupControllers.self, runsByDefault: false, "Controllers of control groups.")
        {
            machine, _ in ControlGroupControllers(machine.roots)
        },
    ]
}
