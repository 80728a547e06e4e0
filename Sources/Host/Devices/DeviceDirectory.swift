internal import Kernel

/// The names in a directory that stands for a kind of device, read when devices may have
/// come or gone.
struct DeviceDirectory {
    let root: Root
    let path: String
    /// Whether the kernel announces what comes and goes here; file systems do not.
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

    /// The names in their order when the collector has to look at its devices, nil when those it
    /// knows are still there. Throws each time while there is no such directory; when that means
    /// that the machine lacks the subject, the scrape is told.
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

    /// A device has gone: the next scrape looks.
    mutating func lookSoon() {
        watch.lookSoon()
    }
}
