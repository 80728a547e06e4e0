extension Catalog {
    static let processor: [Entry] = [
        Entry(
            CPU.self, "CPU time, throttling and state.", turn: { $0.statisticsTurn }
        ) { machine, settings in
            CPU(machine, settings.processor.cpu)
        },
        Entry(LoadAvg.self, "Load averages.") { machine, _ in LoadAvg(machine.roots) },
        Entry(
            Stat.self, "Interrupts, forks, context switches.",
            turn: { $0.statisticsTurn }
        ) { machine, settings in
            Stat(
                machine.statistics, showsSoftirqs: settings.processor.showsSoftirqs)
        },
        Entry(CPUFreq.self, "CPU frequencies and governors.") { machine, settings in
            let cpu = settings.processor.cpu
            return CPUFreq(
                machine, showsCurrent: !(cpu.showsInfo && cpu.showsFrequency))
        },
        Entry(SchedStat.self, "Time on and waiting for each CPU.") { machine, _ in
            SchedStat(machine.roots)
        },
        Entry(Softirqs.self, runsByDefault: false, "Softirqs per CPU.") { machine, _ in
            Softirqs(machine.roots)
        },
        Entry(Interrupts.self, runsByDefault: false, "Interrupts per CPU.") { machine, settings in
            Interrupts(machine.roots, settings.processor.interrupts)
        },
    ]
}
