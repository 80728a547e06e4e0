extension Catalog {
    static let processor: [Entry] = [
        Entry(Processor.self, "CPU time, throttling and state.") { machine, settings in
            Processor(machine, settings.processor.cpu)
        },
        Entry(LoadAverage.self, "Load averages.") { machine, _ in LoadAverage(machine.roots) },
        Entry(KernelActivity.self, "Interrupts, forks, context switches.") { machine, settings in
            KernelActivity(
                machine.statistics, showsSoftirqs: settings.processor.showsSoftirqs)
        },
    ]
}
