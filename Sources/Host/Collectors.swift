internal import Exposition
package import Kernel
internal import Synchronization

/// The collectors that run, in the order of their names: shared by the thread that renders a page
/// and any that hangs in a collector and has been replaced.
package final class Collectors: Sendable {
    let slots: [CollectorRunner]
    private let scrapes = Atomic<UInt64>(0)
    private let running = Atomic<Int>(-1)

    package init(_ settings: HostSettings, roots: FilesystemRoots) {
        let machine = CollectorResources(roots)
        slots = Catalog.entries.filter { settings.enabled.contains($0.name) }
            .map { $0.make(machine, settings) }
    }

    /// The collector that a page waits for, nil between collectors.
    package var runningName: String? {
        let index = running.load(ordering: .relaxed)
        return slots.indices.contains(index) ? slots[index].name : nil
    }

    func nextScrapeNumber() -> UInt64 {
        scrapes.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// Runs a collector unless another thread hangs in it; nil then.
    func run(_ index: Int, scrape: inout CollectionContext, into page: inout Page)
        -> CollectorRunner.Outcome?
    {
        let slot = slots[index]
        guard slot.tryLock.take() else {
            slot.timeouts.wrappingAdd(1, ordering: .relaxed)
            return nil
        }
        running.store(index, ordering: .relaxed)
        let outcome = slot.run(&scrape, into: &page)
        running.store(-1, ordering: .relaxed)
        slot.tryLock.giveBack()
        return outcome
    }
}
