internal import Exposition
internal import Kernel

/// Tasks that the kernel has found hung since boot: /proc/sys/kernel/hung_task_detect_count
/// (Documentation/admin-guide/sysctl/kernel.rst).
struct HungTasks: Collector, ~Copyable {
    static var name: String { "kernel_hung" }

    private var file: KernelFile
    private static let help =
        "Total number of tasks that have been detected as hung since the system booted."
    // The dashboard Node Exporter Full asks for the name without the suffix.
    private let short = Single("node_kernel_hung_tasks", .untyped, help: HungTasks.help)
    private let total = Single(
        Family(
            "node_kernel_hung_tasks_total", .counter, help: HungTasks.help, sharesStem: true))

    init(_ roots: Roots) {
        file = roots.proc.file("sys/kernel/hung_task_detect_count", isOneRecord: true)
    }

    mutating func collect(_ scrape: inout Scrape, into page: inout Page) throws(KernelError) {
        try scrape.number(subject: &file, short, to: &page)
        if let count = scrape.text.bytes.trimmed.signed { page.single(total, Double(count)) }
    }
}
