extension Catalog {
    static let processor: [Entry] = [
        Entry(
            CPU.self, summary: "CPU time, throttling and state.", tryLock: { $0.statisticsTurn }
        ) { machine, settings in
            CPU(machine, settings: settings.processor.cpu)
        },
        Entry(LoadAvg.self, summary: "Load averages.") { machine, _ in LoadAvg(machine.roots) },
        Entry(
            Stat.self, summary: "Interrupts, forks, context switches.",
            tryLock: { $0.statisticsTurn }
        ) { machine, settings in
            Stat(
                machine.statistics, showsSoftirqs: settings.processor.showsSoftirqs)
        },
        Entry(CPUFreq.self, summary: "CPU frequencies and governors.") { machine, settings in
            let cpu = settings.processor.cpu
            return CPUFreq(
                machine, showsCurrent: !(cpu.showsInfo && cpu.showsFrequency))
        },
        Entry(SchedStat.self, summary: "Time on and waiting for each CPU.") { machine, _ in
            SchedStat(machine.roots)
        },
        Entry(Softirqs.self, runsByDefault: false, summary: "Softirqs per CPU.") { machine, _ in
            Softirqs(machine.roots)
        },
        Entry(Interrupts.self, runsByDefault: false, summary: "Interrupts per CPU.") {
            machine, settings in
            Interrupts(machine.roots, settings: settings.processor.interrupts)
        },
    ]
}
