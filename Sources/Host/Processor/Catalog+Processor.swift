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
    ]
}
