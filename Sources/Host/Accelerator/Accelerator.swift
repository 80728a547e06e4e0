internal import Exposition
internal import Kernel

/// GPUs: NVIDIA's through NVML, AMD's and Intel's through /sys/class/drm.
struct Accelerator: Collector, ~Copyable {
    static var name: String { "gpu" }

    private var rows = AcceleratorRows()
    private var dcgm: DCGMRows?
    private var managed: NVMLDevices?
    private var cards: DRMCards
    private let lost = UnlabelledMetric(
        "ml_gpu_lost_total", kind: .counter,
        help: "NVIDIA GPUs that fell off the bus since the start of the daemon.")
    private let failed = UnlabelledMetric(
        "ml_gpu_failed_calls_total", kind: .counter,
        help: "NVML calls that failed with a transient error.")

    init(_ machine: CollectorResources, settings: AcceleratorSettings) {
        dcgm = settings.showsDCGMNames ? DCGMRows(hostNameLabels: settings.dcgmHostNameLabels) : nil
        if let path = settings.managementLibrary {
            managed = NVMLDevices(
                path: path, proc: machine.roots.proc, isExtended: settings.showsDCGMNames,
                podResources: settings.podResources)
        }
        cards = DRMCards(machine)
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        rows.begin()
        dcgm?.begin()
        cards.collect(&scrape, into: &rows)
        var failure: KernelError?
        do throws(KernelError) {
            try managed?.collect(into: &rows, dcgm: &dcgm)
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
            page.single(lost, value: Double(lostDevices))
            page.single(failed, value: Double(managed?.failedCalls ?? 0))
        }
        scrape.isAbsent = rows.isEmpty && !isManaged && failure == nil
        if let failure { throw failure }
    }
}
