internal import Exposition
internal import Glibc
internal import Kernel

/// Processes and threads by state, and how many there may be: /proc/PID/stat and
/// /proc/PID/task/TID/stat (proc_pid_stat(5)).
struct Processes: Collector, ~Copyable {
    static var name: String { "processes" }

    private let path: String
    private var threadLimit: KernelFile
    private var processLimit: KernelFile
    private var tasks = Buffer(capacity: 32 << 10)
    private let threads = UnlabelledMetric(
        "node_processes_threads", kind: .gauge, help: "Allocated threads in system")
    private let maxThreads = UnlabelledMetric(
        "node_processes_max_threads", kind: .gauge, help: "Limit of threads in the system")
    private let processes = UnlabelledMetric(
        "node_processes_pids", kind: .gauge, help: "Number of PIDs")
    private let maxProcesses = UnlabelledMetric(
        "node_processes_max_processes", kind: .gauge, help: "Number of max PIDs limit")
    private var states = SeriesTable([
        .init(
            Family(
                "node_processes_state", kind: .gauge, help: "Number of processes in each state."))
    ])
    private var threadStates = SeriesTable([
        .init(
            Family(
                "node_processes_threads_state", kind: .gauge,
                help: "Number of threads in each state."))
    ])

    init(_ roots: FilesystemRoots) {
        path = roots.proc.path
        threadLimit = roots.proc.file("sys/kernel/threads-max", isOneRecord: true)
        processLimit = roots.proc.file("sys/kernel/pid_max", isOneRecord: true)
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        let directory = try KernelDirectory(path: path)
        var census = ProcessCensus()
        var tasks = Buffer(capacity: 1)
        swap(&tasks, &self.tasks)
        defer { swap(&tasks, &self.tasks) }
        try directory.eachName(&scrape.text) { name, kind in
            if kind != .file, name[0] &- 0x30 <= 9 {
                census.count(name, directory: directory, tasks: &tasks)
            }
        }
        scrape.skippedLines += census.skipped
        page.single(threads, value: Double(census.threads))
        page.single(processes, value: Double(census.processes))
        Processes.write(census.states, label: "state", table: &states, to: &page)
        Processes.write(census.threadStates, label: "thread_state", table: &threadStates, to: &page)
        try scrape.number(&threadLimit, single: maxThreads, to: &page)
        try scrape.number(&processLimit, single: maxProcesses, to: &page)
    }

    private static func write(
        _ counts: ProcessCensus.Counts, label: String, table: inout SeriesTable,
        to page: inout Page
    ) {
        table.begin()
        for state in 0..<counts.count where counts[state] > 0 {
            let key: [1 of UInt8] = [UInt8(state)]
            let row = table.row(
                key.span, labels: { [(label, String(Unicode.Scalar(UInt8(state))))] })
            if let row { table[row, 0] = Double(counts[state]) }
        }
        table.end()
        table.write(to: &page)
    }
}

/// The result of one scan of all processes.
struct ProcessCensus: ~Copyable {
    /// By the letter of the state.
    typealias Counts = [128 of Int]

    private(set) var processes = 0
    private(set) var threads: UInt64 = 0
    private(set) var states = Counts(repeating: 0)
    private(set) var threadStates = Counts(repeating: 0)
    /// Processes and threads that could not be read, other than those that have ended meanwhile.
    private(set) var skipped = 0
    private var text = Buffer(capacity: 4096)
    private var name: [UInt8] = []

    /// Counts a process by the name of its directory in `/proc`.
    mutating func count(
        _ process: Span<UInt8>, directory: borrowing KernelDirectory, tasks: inout Buffer
    ) {
        guard let status = read(process, directory: directory) else { return }
        processes += 1
        threads &+= status.threads
        states[Int(status.state)] += 1
        // The first thread is the process.
        if status.threads <= 1 {
            threadStates[Int(status.state)] += 1
        } else {
            do throws(KernelError) {
                let inside = try directory.directory(process.copied + Array("/task".utf8))
                try inside.eachName(&tasks) { thread, _ in
                    if thread.equals(process) {
                        threadStates[Int(status.state)] += 1
                    } else if let status = read(thread, directory: inside) {
                        threadStates[Int(status.state)] += 1
                    }
                }
            } catch {
                record(error)
            }
        }
    }

    private mutating func read(
        _ folder: Span<UInt8>, directory: borrowing KernelDirectory
    ) -> (state: UInt8, threads: UInt64)? {
        name.removeAll(keepingCapacity: true)
        for index in 0..<folder.count { name.append(folder[index]) }
        for byte in "/stat\0".utf8 { name.append(byte) }
        do throws(KernelError) {
            try directory.read(terminated: name, into: &text)
        } catch {
            record(error)
            return nil
        }
        guard let status = ProcessCensus.parse(text.bytes) else {
            skipped += 1
            return nil
        }
        return status
    }

    private mutating func record(_ error: KernelError) {
        if !error.isAbsence, error.code != ESRCH { skipped += 1 }
    }

    static func parse(_ text: Span<UInt8>) -> (state: UInt8, threads: UInt64)? {
        guard var fields = PIDStat(text), let state = fields.state(),
            let threads = fields.number(20)
        else { return nil }
        return (state, threads)
    }
}
