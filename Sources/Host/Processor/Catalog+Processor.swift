extension Catalog {
    static let processor: [Entry] = [
        Entry(
            Processor.self, "CPU time, throttling and state.", turn: { $0.statisticsTurn }
        ) { machine, settings in
            Processor(machine, settings.processor.cpu)
        },
        Entry(LoadAverage.self, "Load averages.") { machine, _ in LoadAverage(machine.roots) },
        Entry(
            KernelActivity.self, "Interrupts, forks, context switches.",
            turn: { $0.statisticsTurn }
        ) { machine, settings in
            KernelActivity(
                machine.statistics, showsSoftirqs: settings.processor.showsSoftirqs)
        },
        Entry(ProcessorFrequency.self, "CPU frequencies and governors.") { machine, settings in
            let cpu = settings.processor.cpu
            return ProcessorFrequency(
                machine, showsCurrent: !(cpu.showsInfo && cpu.showsFrequency))
        },
        Entry(SchedulerStatistics.self, "Time on and waiting for each CPU.") { machine, _ in
            SchedulerStatistics(machine.roots)
        },
        Entry(SoftInterrupts.self, runsByDefault: false, "Softirqs per CPU.") { machine, _ in
            SoftInterrupts(machine.roots)
        },
        Entry(Interrupts.self, runsByDefault: false, "Interrupts per CPU.") { machine, settings in
            Interrupts(machine.roots, settings.processor.interrupts)
        },
    ]
}
