internal import Exposition
internal import Kernel

/// The values of /proc/stat (proc_stat(5)), read once per scrape for all collectors.
final class ProcStat {
    /// The columns of a `cpuN` line in ticks of 1/100 s: user nice system idle iowait irq softirq
    /// steal guest guest_nice.
    typealias Ticks = [10 of UInt64]

    /// The vectors of the softirq line, in the kernel's order.
    static let softirqVectors = [
        "hi", "timer", "net_tx", "net_rx", "block", "block_iopoll", "tasklet", "sched", "hrtimer",
        "rcu",
    ]

    private(set) var processors: [(number: UInt64, ticks: Ticks)] = []
    private(set) var interrupts: UInt64?
    private(set) var contextSwitches: UInt64?
    private(set) var bootTimeSeconds: UInt64?
    private(set) var forks: UInt64?
    private(set) var runnable: UInt64?
    private(set) var blocked: UInt64?
    /// Calls per vector; empty if the kernel does not write them.
    private(set) var softirqs: [UInt64] = []

    private var file: KernelFile
    private var scrapeNumber: UInt64?
    private var failure: KernelError?
    private var skippedLines = 0

    init(_ roots: FilesystemRoots) {
        file = roots.proc.file("stat", limit: 8 << 20, isOneRecord: true)
    }

    /// Reads the file unless this scrape has done so already.
    func refresh(_ scrape: inout CollectionContext) throws(KernelError) {
        if scrapeNumber != scrape.number {
            scrapeNumber = scrape.number
            do throws(KernelError) {
                try scrape.read(&file)
                let before = scrape.skippedLines
                scrape.skippedLines += parse(scrape.text.bytes)
                skippedLines = scrape.skippedLines - before
                failure = nil
            } catch {
                failure = error
                skippedLines = 0
            }
        } else {
            scrape.skippedLines += skippedLines
        }
        if let failure { throw failure }
    }

    /// Returns the number of lines that could not be used; unknown names are ignored.
    func parse(_ text: Span<UInt8>) -> Int {
        processors.removeAll(keepingCapacity: true)
        softirqs.removeAll(keepingCapacity: true)
        (interrupts, contextSwitches, bootTimeSeconds) = (nil, nil, nil)
        (forks, runnable, blocked) = (nil, nil, nil)
        var skipped = 0
        var lines = Cursor(text)
        while var line = lines.line() {
            let understood: Bool
            if line.take("cpu") {
                understood = processor(&line)
            } else if line.take("intr ") {
                understood = ProcStat.take(&line, value: &interrupts)
            } else if line.take("ctxt ") {
                understood = ProcStat.take(&line, value: &contextSwitches)
            } else if line.take("btime ") {
                understood = ProcStat.take(&line, value: &bootTimeSeconds)
            } else if line.take("processes ") {
                understood = ProcStat.take(&line, value: &forks)
            } else if line.take("procs_running ") {
                understood = ProcStat.take(&line, value: &runnable)
            } else if line.take("procs_blocked ") {
                understood = ProcStat.take(&line, value: &blocked)
            } else if line.take("softirq ") {
                understood = takeSoftirqs(&line)
            } else {
                // A line is a name and a value at least.
                understood = line.word() != nil && line.word() != nil
            }
            if !understood { skipped += 1 }
        }
        return skipped
    }

    /// The rest of a line behind `cpu`: the total line, which is not exported, or one CPU's.
    private func processor(_ line: inout Cursor) -> Bool {
        if line.peek == 0x20 { return true }
        guard let number = line.field() else { return false }
        var ticks = Ticks(repeating: 0)
        for column in 0..<10 {
            line.skipBlanks()
            // Kernels before 2.6.33 have fewer columns; four have always been there.
            if line.isAtEnd {
                if column < 4 { return false }
                break
            }
            guard let value = line.field() else { return false }
            ticks[column] = value
        }
        processors.append((number, ticks))
        return true
    }

    private func takeSoftirqs(_ line: inout Cursor) -> Bool {
        guard line.field() != nil else { return false }
        for _ in ProcStat.softirqVectors {
            guard let calls = line.field() else {
                softirqs.removeAll(keepingCapacity: true)
                return false
            }
            softirqs.append(calls)
        }
        return true
    }

    private static func take(_ line: inout Cursor, value: inout UInt64?) -> Bool {
        guard value == nil, let number = line.field() else { return false }
        value = number
        return true
    }
}
