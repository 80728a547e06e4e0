extension Catalog {
    static let system: [Entry] = [
        Entry(Time.self, summary: "Time and clock sources.") { machine, _ in
            Time(machine.roots)
        },
        Entry(Uname.self, summary: "Name and release of the system.") { _, _ in Uname() },
        Entry(Timex.self, summary: "How the clock is kept right.") { _, _ in
            Timex()
        },
        Entry(OSRelease.self, summary: "Name and version of the distribution.") { machine, _ in
            OSRelease(machine.roots)
        },
        Entry(Pressure.self, summary: "Time that tasks have waited for resources.") { machine, _ in
            Pressure(machine.roots)
        },
        Entry(FileFD.self, summary: "Open files and their limit.") { machine, _ in
            FileFD(machine.roots)
        },
        Entry(Entropy.self, summary: "Entropy of the random number generator.") { machine, _ in
            Entropy(machine.roots)
        },
        Entry(KernelHung.self, summary: "Tasks that have hung.") { machine, _ in
            KernelHung(machine.roots)
        },
        Entry(SELinux.self, summary: "Whether SELinux enforces its policy.") { machine, _ in
            SELinux(machine.roots)
        },
        Entry(Processes.self, runsByDefault: false, summary: "Processes and threads by state.") {
            machine, _ in Processes(machine.roots)
        },
        Entry(ProcCgroups.self, runsByDefault: false, summary: "Controllers of control groups.") {
            machine, _ in ProcCgroups(machine.roots)
        },
    ]
}
