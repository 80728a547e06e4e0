internal import Exposition
internal import Kernel

/// GPUs: NVIDIA's through NVML, AMD's and Intel's through /sys/class/drm.
struct Accelerator: Collector, ~Copyable {
    static var name: String { "gpu" }

    private var rows = AcceleratorRows()
    private var dcgm: DCGMRows?
    private var managed: ManagedDevices?
    private var cards: GraphicsCards
    private let lost = Single(
        "ml_gpu_lost_total", .counter, help: "NVIDIA GPUs that fell off the bus while watched.")
    private let failed = Single(
        "ml_gpu_failed_calls_total", .counter,
        help: "Calls of NVML that failed for a reason that may pass.")

    init(_ machine: Machine, _ settings: AcceleratorSettings) {
        dcgm = settings.showsDCGMNames ? DCGMRows() : nil
        if let path = settings.managementLibrary {
            managed = ManagedDevices(
                path: path, machine.roots.proc, isExtended: settings.showsDCGMNames,
                podResources: settings.podResources)
        }
        cards = GraphicsCards(machine)
    }

    mutating func collect(_ scrape: inout Scrape, into page: inout Page) throws(KernelError) {
        rows.begin()
        dcgm?.begin()
        cards.collect(&scrape, into: &rows)
        var failure: KernelError?
        do throws(KernelError) {
            try managed?.collect(into: &rows, &dcgm)
        } catch {
            failure = error
        }
        rows.end()
        dcgm?.end()
        rows.write(to: &page)
        dcgm?.write(to: &page)
        let isManaged = managed?.isPresent ?? false
        let lostDevices = managed?.lostDevices ?? 0
        if isManaged || lostDevices > 0 {
            page.single(lost, Double(lostDevices))
            page.single(failed, Double(managed?.failedCalls ?? 0))
        }
        scrape.isAbsent = rows.isEmpty && !isManaged && failure == nil
        if let failure { throw failure }
    }
}
