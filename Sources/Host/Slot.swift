internal import Exposition
internal import Kernel

/// A collector's place in the list, and what it has cost.
class Slot {
    let name: String
    private(set) var succeeded = false
    private(set) var durationSeconds = 0.0
    private(set) var cpuNanoseconds: UInt64 = 0
    private(set) var skippedLines: UInt64 = 0
    private(set) var heldCounters: UInt64 = 0
    private(set) var isPresent = true
    private(set) var failure: KernelError?

    init(name: String) {
        self.name = name
    }

    /// Overridden by the slot that holds a collector.
    func collect(_ scrape: inout Scrape, into page: inout Page) throws(KernelError) {}

    /// Runs the collector. Returns the error if it is another one than last time. `cpuMark` is the
    /// thread's CPU time when the one before ended, and becomes the one when this one ended.
    func run(
        _ scrape: inout Scrape, into page: inout Page, cpuMark: inout UInt64
    ) -> KernelError? {
        let before = failure
        let start = Clock.monotonicNanoseconds
        scrape.skippedLines = 0
        scrape.heldCounters = 0
        scrape.isAbsent = false
        do throws(KernelError) {
            try collect(&scrape, into: &page)
            failure = nil
        } catch {
            failure = error
        }
        succeeded = failure == nil
        isPresent = !scrape.isAbsent
        skippedLines &+= UInt64(clamping: scrape.skippedLines)
        heldCounters &+= UInt64(clamping: scrape.heldCounters)
        let cpu = Clock.threadCPUNanoseconds
        cpuNanoseconds &+= cpu &- cpuMark
        cpuMark = cpu
        durationSeconds = Double(Clock.monotonicNanoseconds &- start) / 1e9
        return failure == before ? nil : failure
    }
}

/// The slot of one kind of collector.
final class CollectorSlot<Subject: Collector & ~Copyable>: Slot {
    private var subject: Subject

    init(_ subject: consuming Subject) {
        self.subject = subject
        super.init(name: Subject.name)
    }

    override func collect(_ scrape: inout Scrape, into page: inout Page) throws(KernelError) {
        try subject.collect(&scrape, into: &page)
    }
}
