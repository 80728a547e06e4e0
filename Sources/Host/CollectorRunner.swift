internal import Exposition
internal import Kernel
internal import Synchronization

/// A collector with its lock and its counters since the start.
///
/// The collector inside belongs to the thread that holds `tryLock`. A thread that hangs in it keeps
/// the lock until it comes back; other threads skip the collector meanwhile.
class CollectorRunner: @unchecked Sendable {
    let name: String
    /// Shared by collectors that share what they have read.
    let tryLock: TryLock
    let cpuNanoseconds = Atomic<UInt64>(0)
    let skippedLines = Atomic<UInt64>(0)
    let heldCounters = Atomic<UInt64>(0)
    /// Samples beyond what one collector may write.
    let droppedSamples = Atomic<UInt64>(0)
    /// Scrapes that went on without it, because it took longer than they could wait.
    let timeouts = Atomic<UInt64>(0)

    init(name: String, tryLock: TryLock) {
        self.name = name
        self.tryLock = tryLock
    }

    /// Overridden by `TypedCollectorRunner`.
    func collect(_ scrape: inout CollectionContext, into page: inout Page) throws(KernelError) {}

    /// The result of one run.
    struct Outcome {
        var failure: KernelError?
        var durationNanoseconds: UInt64 = 0
        var isPresent = true
        /// Whether the collector did not run, because another thread was still in it.
        var isSkipped = false
    }

    /// Runs the collector on the thread that holds `tryLock`.
    /// `start` is the time on the monotonic clock.
    func run(
        _ scrape: inout CollectionContext, into page: inout Page, start: UInt64
    ) -> Outcome {
        var outcome = Outcome()
        scrape.begin()
        do throws(KernelError) {
            try collect(&scrape, into: &page)
        } catch {
            // Hardware or a kernel feature that the machine lacks must not raise an alert.
            if !scrape.isAbsent { outcome.failure = error }
        }
        outcome.isPresent = !scrape.isAbsent
        if scrape.skippedLines > 0 {
            skippedLines.wrappingAdd(UInt64(scrape.skippedLines), ordering: .relaxed)
        }
        if scrape.heldCounters > 0 {
            heldCounters.wrappingAdd(UInt64(scrape.heldCounters), ordering: .relaxed)
        }
        outcome.durationNanoseconds = Clock.monotonicNanoseconds &- start
        return outcome
    }
}

/// The runner of one type of collector.
final class TypedCollectorRunner<Subject: Collector & ~Copyable>: CollectorRunner,
    @unchecked Sendable
{
    private var subject: Subject

    init(_ subject: consuming Subject, tryLock: TryLock = TryLock()) {
        self.subject = subject
        super.init(name: Subject.name, tryLock: tryLock)
    }

    override func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try subject.collect(&scrape, into: &page)
    }
}

/// A lock that a thread never blocks on. It guards what a collector has read, while it may hang in a file.
final class TryLock: Sendable {
    private let isTaken = Atomic<Bool>(false)
    private let since = Atomic<UInt64>(0)

    /// When it was acquired last, on the monotonic clock.
    var acquiredNanoseconds: UInt64 { since.load(ordering: .relaxed) }

    /// Returns false if another thread holds it.
    func tryAcquire(at now: UInt64) -> Bool {
        if isTaken.exchange(true, ordering: .acquiring) { return false }
        since.store(now, ordering: .relaxed)
        return true
    }

    func release() {
        isTaken.store(false, ordering: .releasing)
    }
}
