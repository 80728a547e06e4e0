internal import Kernel
internal import Observation
internal import Series

/// The processes behind the Unix socket, until they exit.
final class ProducerProcesses: Sendable {
    private let root: Root
    private let budget: SeriesBudget
    private let processes = LockedValue<[Int32: ProducerProcess]>([:])

    /// `root` stands for `/proc`.
    init(_ root: Root, budget: SeriesBudget) {
        self.root = root
        self.budget = budget
    }

    /// Notes that a process pushes for a version. What there is no room for is counted.
    func note(_ process: Sender.Process, version: ModelVersion) {
        var refusal: DropReason?
        let known = processes.withLock { processes -> ProducerProcess? in
            if let known = processes[process.pid], known.process == process { return known }
            // Its predecessor with the same pid has ended.
            processes[process.pid] = nil
            if processes.count >= budget.limits.processes {
                refusal = .processLimit
                return nil
            }
            let made = ProducerProcess(process, budget: budget, refusal: &refusal)
            processes[process.pid] = made
            return made
        }
        if let known { refusal = known.note(version) }
        if let refusal { budget.drop(refusal) }
    }

    /// Puts what the processes use into a page's harvest, and forgets those that have ended.
    func give(to snapshot: inout StoreSnapshot) {
        let all = processes.withLock { Array($0.values) }
        if all.isEmpty { return }
        var text = Buffer(capacity: 4096)
        for producer in all.sorted(by: { $0.process.pid < $1.process.pid }) {
            let process = producer.process
            let usage = ProcessUsage.read(process.pid, in: root, text: &text)
            if let usage, usage.startTicks == process.startTicks {
                producer.give(usage, to: &snapshot)
            } else {
                processes.withLock { processes in
                    if processes[process.pid] === producer { processes[process.pid] = nil }
                }
            }
        }
    }
}
