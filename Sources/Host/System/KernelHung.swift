internal import Exposition
internal import Kernel

/// Tasks that the kernel has found hung since boot: /proc/sys/kernel/hung_task_detect_count
/// (Documentation/admin-guide/sysctl/kernel.rst).
struct KernelHung: Collector, ~Copyable {
    static var name: String { "kernel_hung" }

    private var file: KernelFile
    private static let help =
        "Total number of tasks that have been detected as hung since the system booted."
    // The dashboard Node Exporter Full asks for the name without the suffix.
    private let short = UnlabelledMetric(
        "node_kernel_hung_tasks", kind: .untyped, help: KernelHung.help)
    private let total = UnlabelledMetric(
        Family(
            "node_kernel_hung_tasks_total", kind: .counter, help: KernelHung.help, sharesStem: true)
    )

    init(_ roots: FilesystemRoots) {
        file = roots.proc.file("sys/kernel/hung_task_detect_count", isOneRecord: true)
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try scrape.number(subject: &file, single: short, to: &page)
        if let count = scrape.text.bytes.trimmed.signed { page.single(total, value: Double(count)) }
    }
}
