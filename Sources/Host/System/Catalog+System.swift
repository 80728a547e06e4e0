extension Catalog {
    static let system: [Entry] = [
        Entry(Time.self, "Time and clock sources.") { machine, _ in
            Time(machine.roots)
        },
        Entry(Uname.self, "Name and release of the system.") { _, _ in Uname() },
        Entry(Timex.self, "How the clock is kept right.") { _, _ in
            Timex()
        },
        Entry(OSRelease.self, "Name and version of the distribution.") { machine, _ in
            OSRelease(machine.roots)
        },
        Entry(Pressure.self, "Time that tasks have waited for resources.") { machine, _ in
            Pressure(machine.roots)
        },
        Entry(FileFD.self, "Open files and their limit.") { machine, _ in
            FileFD(machine.roots)
        },
        Entry(Entropy.self, "Entropy of the random number generator.") { machine, _ in
            Entropy(machine.roots)
        },
        Entry(KernelHung.self, "Tasks that have hung.") { machine, _ in KernelHung(machine.roots) },
        Entry(SELinux.self, "Whether SELinux enforces its policy.") { machine, _ in
            SELinux(machine.roots)
        },
        Entry(Processes.self, runsByDefault: false, "Processes and threads by state.") {
            machine, _ in Processes(machine.roots)
        },
        Entry(ProcCgroups.self, runsByDefault: false, "Controllers of control groups.") {
            machine, _ in ProcCgroups(machine.roots)
        },
    ]
}
