internal import Exposition
package import Kernel
internal import Synchronization

/// The collectors that run, in page order. They are shared by the scrape thread that renders pages
/// and by those that hang in a collector and have been replaced.
package final class Collectors: Sendable {
    let slots: [CollectorRunner]
    private let scrapes = Atomic<UInt64>(0)

    package convenience init(_ settings: HostSettings, roots: FilesystemRoots) {
        let machine = CollectorResources(roots)
        self.init(
            Catalog.entries.filter { settings.enabled.contains($0.name) }
                .map { $0.make(machine, settings) })
    }

    init(_ slots: [CollectorRunner]) {
        self.slots = slots
    }

    func nextScrapeNumber() -> UInt64 {
        scrapes.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// Runs a collector, or returns nil if another thread hangs in it. `running` names it meanwhile.
    func run(
        _ index: Int, running: RunningCollector, scrape: inout CollectionContext,
        into page: inout Page
    ) -> CollectorRunner.Outcome? {
        let slot = slots[index]
        guard slot.tryLock.tryAcquire() else {
            slot.timeouts.wrappingAdd(1, ordering: .relaxed)
            return nil
        }
        running.begin(index)
        let outcome = slot.run(&scrape, into: &page)
        running.end()
        slot.tryLock.release()
        return outcome
    }
}

/// The collector that one scrape thread is in. Each thread has its own: of two threads that hang,
/// one that comes back must not hide what the other hangs in.
package final class RunningCollector: Sendable {
    private let names: [String]
    private let index = Atomic<Int>(-1)

    package init(_ collectors: Collectors) {
        names = collectors.slots.map(\.name)
    }

    /// The collector's name, or nil between collectors and outside of them. Any thread may ask.
    package var name: String? {
        let index = index.load(ordering: .relaxed)
        return names.indices.contains(index) ? names[index] : nil
    }

    fileprivate func begin(_ index: Int) {
        self.index.store(index, ordering: .relaxed)
    }

    fileprivate func end() {
        index.store(-1, ordering: .relaxed)
    }
}
