internal import Exposition
internal import Glibc
package import Kernel
internal import Synchronization

/// The collectors that run, in page order. They are shared by the scrape thread that renders pages
/// and by those that hang in a collector and have been replaced.
package final class Collectors: Sendable {
    let slots: [CollectorRunner]
    /// Time after which a collector hangs and is not waited for.
    package let timeout: Duration
    private let scrapes = Atomic<UInt64>(0)

    /// Devices on slow buses take up to two seconds.
    package static let standardTimeout = Duration.seconds(3)

    package convenience init(
        _ settings: HostSettings, roots: FilesystemRoots,
        timeout: Duration = Collectors.standardTimeout
    ) {
        let machine = CollectorResources(roots)
        self.init(
            Catalog.entries.filter { settings.enabled.contains($0.name) }
                .map { $0.make(machine, settings) }, timeout: timeout)
    }

    init(_ slots: [CollectorRunner], timeout: Duration = Collectors.standardTimeout) {
        self.slots = slots
        self.timeout = timeout
    }

    func nextScrapeNumber() -> UInt64 {
        scrapes.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// Runs a collector, or returns nil if another thread is in it for longer than the page can wait or
    /// a collector may take. `running` names it meanwhile.
    func run(
        _ index: Int, running: RunningCollector, scrape: inout CollectionContext,
        into page: inout Page, isCurrent: () -> Bool = { true }
    ) -> CollectorRunner.Outcome? {
        let slot = slots[index]
        var start = Clock.monotonicNanoseconds
        running.begin(index, at: start)
        defer { running.end() }
        if !slot.tryLock.tryAcquire(at: start) {
            guard wait(for: slot.tryLock, until: scrape.deadlineNanoseconds, isCurrent: isCurrent)
            else {
                slot.timeouts.wrappingAdd(1, ordering: .relaxed)
                return nil
            }
            start = Clock.monotonicNanoseconds
        }
        let outcome = slot.run(&scrape, into: &page, start: start)
        slot.tryLock.release()
        return outcome
    }

    /// Acquires the lock of a collector that another page is in. Pages are made at the same time only
    /// while a collector is slow, so that this is rare; it sleeps between two tries.
    private func wait(
        for lock: borrowing TryLock, until deadline: UInt64, isCurrent: () -> Bool
    ) -> Bool {
        while isCurrent() {
            let now = Clock.monotonicNanoseconds
            let hangs = lock.acquiredNanoseconds &+ timeout.nanoseconds
            if now >= min(deadline, hangs) { return false }
            usleep(500)
            if lock.tryAcquire(at: now) { return true }
        }
        return false
    }
}

/// The collector that one scrape thread is in. Each thread has its own: of two threads that hang,
/// one that comes back must not hide what the other hangs in.
package final class RunningCollector: Sendable {
    private let names: [String]
    private let index = Atomic<Int>(-1)
    private let since = Atomic<UInt64>(0)

    package init(_ collectors: Collectors) {
        names = collectors.slots.map(\.name)
    }

    /// The collector's name and when the thread entered it, on the monotonic clock; nil between collectors
    /// and outside of them. Any thread may ask.
    package var current: (name: String, since: UInt64)? {
        let index = index.load(ordering: .acquiring)
        guard names.indices.contains(index) else { return nil }
        return (names[index], since.load(ordering: .relaxed))
    }

    fileprivate func begin(_ index: Int, at now: UInt64) {
        since.store(now, ordering: .relaxed)
        self.index.store(index, ordering: .releasing)
    }

    fileprivate func end() {
        index.store(-1, ordering: .relaxed)
    }
}
