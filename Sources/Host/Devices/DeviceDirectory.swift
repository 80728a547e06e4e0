internal import Kernel

/// The entries of a directory that lists the devices of one kind. The directory is read again when
/// devices may have been added or removed.
struct DeviceDirectory {
    let root: Root
    let path: String
    /// Whether the kernel sends uevents for changes of this directory; file systems send none.
    private let isAnnounced: Bool
    private var watch: DeviceWatch
    private var names: [String] = []
    private var absence: KernelError?

    /// A path below /sys, or below another `root`.
    init(
        _ machine: CollectorResources, path: String, in root: Root? = nil,
        isAnnounced: Bool = true
    ) {
        self.root = root ?? machine.roots.sys
        self.path = path
        self.isAnnounced = isAnnounced
        watch = DeviceWatch(machine.events)
    }

    /// The sorted names if the collector must update its devices, or nil if nothing has changed.
    /// Throws on every call while the directory is missing, and sets `isAbsent` of the scrape if
    /// the error means that the machine does not have such devices.
    mutating func look(_ scrape: inout CollectionContext) throws(KernelError) -> [String]? {
        let isDue = watch.isDue(&scrape)
        if isDue || (!isAnnounced && absence == nil) {
            do throws(KernelError) {
                let found = try root.names(in: path).sorted()
                absence = nil
                if !isDue, found == names { return nil }
                names = found
                return found
            } catch {
                names = []
                absence = error
            }
        }
        if let absence {
            scrape.isAbsent = absence.isAbsence
            throw absence
        }
        return nil
    }

    /// Makes the next scrape read the directory, for example because a device was removed.
    mutating func lookSoon() {
        watch.lookSoon()
    }
}
