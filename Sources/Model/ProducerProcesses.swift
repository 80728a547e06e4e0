internal import Kernel
internal import Observation
internal import Series

/// The processes that push over the Unix socket, until they exit.
final class ProducerProcesses: Sendable {
    private let root: Root
    private let budget: SeriesBudget
    /// By pid. The lock is taken by pushes and pages; no other lock is taken under it but that of
    /// one process.
    private let processes = LockedValue<[Int32: ProducerProcess]>([:])

    /// `root` is `/proc`.
    init(_ root: Root, budget: SeriesBudget) {
        self.root = root
        self.budget = budget
    }

    /// Records that a sender pushes for a version, if it is a process of this machine. If a limit
    /// is reached, the drop is counted.
    func add(_ sender: Sender, version: ModelVersion) {
        guard let process = sender.process else { return }
        var refusal: DropReason?
        let known = processes.withLock { processes -> ProducerProcess? in
            if let known = processes[process.pid], known.process == process { return known }
            // A process with the same pid and another start time has exited.
            processes[process.pid] = nil
            if processes.count >= budget.limits.processes {
                refusal = .processLimit
                return nil
            }
            let made = ProducerProcess(process, budget: budget, refusal: &refusal)
            processes[process.pid] = made
            return made
        }
        if let known { refusal = known.add(version, producer: sender.number) }
        if let refusal { budget.drop(refusal) }
    }

    /// Removes the versions that are retired: their series, their memory and their reservations.
    func removeRetired() {
        for process in processes.withLock({ Array($0.values) }) { process.removeRetired() }
    }

    /// A process and what it uses at the moment.
    struct Reading {
        let producer: ProducerProcess
        let usage: ProcessUsage
    }

    /// Reads what the processes use, in the order of their pids. Removes those that have exited and
    /// calls `ended` with the number of each producer in them.
    func read(ended: (UInt64) -> Void) -> [Reading] {
        let all = processes.withLock { Array($0.values) }
        if all.isEmpty { return [] }
        var readings: [Reading] = []
        var text = Buffer(capacity: 4096)
        for producer in all.sorted(by: { $0.process.pid < $1.process.pid }) {
            let process = producer.process
            let usage = ProcessUsage.read(process.pid, in: root, text: &text)
            if let usage, usage.startTicks == process.startTicks {
                readings.append(Reading(producer: producer, usage: usage))
                continue
            }
            for number in producer.producers { ended(number) }
            processes.withLock { processes in
                if processes[process.pid] === producer { processes[process.pid] = nil }
            }
        }
        return readings
    }
}
