internal import Exposition
internal import Kernel
internal import Synchronization

/// A collector's place in the list: who runs it now, and what it has cost since the start.
///
/// The collector inside belongs to the thread that holds `tryLock`. A thread that hangs in it keeps
/// the turn until it comes back; nobody waits for that.
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

    /// Overridden by the slot that holds a collector.
    func collect(_ scrape: inout CollectionContext, into page: inout Page) throws(KernelError) {}

    /// How a collector fared in one scrape.
    struct Outcome {
        var failure: KernelError?
        var durationNanoseconds: UInt64 = 0
        var isPresent = true
    }

    /// Runs the collector on the thread that has the turn.
    func run(_ scrape: inout CollectionContext, into page: inout Page) -> Outcome {
        var outcome = Outcome()
        let start = Clock.monotonicNanoseconds
        scrape.begin()
        do throws(KernelError) {
            try collect(&scrape, into: &page)
        } catch {
            // What the machine lacks is no failure: nobody is woken for it.
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

/// The slot of one kind of collector.
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

/// Who may use something that one thread at a time may use. Taking it never waits.
final class TryLock: Sendable {
    private let isTaken = Atomic<Bool>(false)

    /// False when somebody else has it.
    func take() -> Bool {
        !isTaken.exchange(true, ordering: .acquiring)
    }

    func giveBack() {
        isTaken.store(false, ordering: .releasing)
    }
}
