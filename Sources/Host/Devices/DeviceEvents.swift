internal import Kernel

/// How many events about devices the kernel has announced (/sys/kernel/uevent_seqnum), read once
/// per scrape for all collectors of devices, on any thread.
final class DeviceEvents: Sendable {
    private struct State: ~Copyable {
        var file: KernelFile
        var scrapeNumber: UInt64?
        var count: UInt64?

        mutating func read(_ text: inout Buffer) {
            do throws(KernelError) {
                try file.read(into: &text)
                count = text.bytes.trimmed.unsigned
            } catch {
                count = nil
            }
        }
    }

    private let state: LockedValue<State>

    init(_ roots: FilesystemRoots) {
        let path = roots.sys.path(of: "kernel/uevent_seqnum")
        state = LockedValue(State(file: KernelFile(path: path, limit: 64, isOneRecord: true)))
    }

    /// Nil if the kernel does not export it: in a copied tree, or a container without /sys/kernel.
    func count(_ scrape: inout CollectionContext) -> UInt64? {
        state.withLock { state in
            if state.scrapeNumber != scrape.number {
                state.scrapeNumber = scrape.number
                state.read(&scrape.text)
            }
            return state.count
        }
    }
}

/// Decides when a collector must look for its devices.
struct DeviceWatch {
    /// What no event announces (a directory inside a device) is found after this long.
    static let longestBlindness = Duration.seconds(300)

    private let events: DeviceEvents
    private var seen: UInt64?
    private var lookedAt: UInt64 = 0
    private var mustLook = true

    init(_ events: DeviceEvents) {
        self.events = events
    }

    /// Whether devices may have been added or removed since this was last true.
    mutating func isDue(_ scrape: inout CollectionContext) -> Bool {
        let count = events.count(&scrape)
        let now = Clock.monotonicNanoseconds
        if !mustLook, let count, count == seen,
            now &- lookedAt < DeviceWatch.longestBlindness.nanoseconds
        {
            return false
        }
        (seen, lookedAt, mustLook) = (count, now, false)
        return true
    }

    /// Makes the next scrape look for devices, because one was removed.
    mutating func lookSoon() {
        mustLook = true
    }
}
