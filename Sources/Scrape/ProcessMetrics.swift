internal import Exposition
internal import Glibc
internal import Kernel

/// The `process_*` families of this process, as Prometheus's client libraries export them, from
/// /proc/self/stat, /proc/self/fd and getrlimit(2).
struct ProcessMetrics: ~Copyable {
    private var file = KernelFile(
        path: "/proc/self/stat", limit: 4096, isOneRecord: true)
    private var text = Buffer(capacity: 4096)
    /// Unix seconds.
    private let bootTimeSeconds: Double?
    private let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))
    private let pageBytes = Double(sysconf(Int32(_SC_PAGESIZE)))
    /// Nil for a limit that cannot be read.
    private var limits: (files: Double?, memory: Double?) = (nil, nil)
    private var nextLimitsNanoseconds: UInt64 = 0

    /// The limits of a running process change only if an administrator uses prlimit(1), so they are
    /// read once in this time and not twice per scrape.
    private static let limitsInterval = Duration.seconds(60)
    private let cpu = UnlabelledMetric(
        "process_cpu_seconds_total", kind: .counter,
        help: "Total user and system CPU time spent in seconds.")
    private let openFiles = UnlabelledMetric(
        "process_open_fds", kind: .gauge, help: "Number of open file descriptors.")
    private let maxFiles = UnlabelledMetric(
        "process_max_fds", kind: .gauge, help: "Maximum number of open file descriptors.")
    private let virtual = UnlabelledMetric(
        "process_virtual_memory_bytes", kind: .gauge, help: "Virtual memory size in bytes.")
    private let virtualMax = UnlabelledMetric(
        "process_virtual_memory_max_bytes", kind: .gauge,
        help: "Maximum amount of virtual memory available in bytes.")
    private let resident = UnlabelledMetric(
        "process_resident_memory_bytes", kind: .gauge, help: "Resident memory size in bytes.")
    private let start = UnlabelledMetric(
        "process_start_time_seconds", kind: .gauge,
        help: "Start time of the process since unix epoch in seconds.")
    private let threads = UnlabelledMetric(
        "process_threads", kind: .gauge, help: "Number of threads of the process.")

    init() {
        bootTimeSeconds = ProcessMetrics.bootTime()
    }

    /// Writes the families; one whose source cannot be read is left out.
    mutating func write(to page: inout Page) {
        if (try? file.read(into: &text)) != nil { writeStat(to: &page) }
        if let count = Root("/proc").openFileCount(of: "self") {
            page.single(openFiles, value: Double(count))
        }
        let now = Clock.monotonicNanoseconds
        if now >= nextLimitsNanoseconds {
            limits = (ProcessMetrics.limit(RLIMIT_NOFILE), ProcessMetrics.limit(RLIMIT_AS))
            nextLimitsNanoseconds = now &+ ProcessMetrics.limitsInterval.nanoseconds
        }
        if let limit = limits.files { page.single(maxFiles, value: limit) }
        if let limit = limits.memory { page.single(virtualMax, value: limit) }
    }

    private func writeStat(to page: inout Page) {
        guard var fields = PIDStat(text.bytes), let user = fields.number(14),
            let system = fields.number(15)
        else { return }
        page.single(cpu, value: (Double(user) + Double(system)) / ticksPerSecond)
        guard let threadCount = fields.number(20) else { return }
        page.single(threads, value: Double(threadCount))
        guard let started = fields.number(22), let size = fields.number(23),
            let pages = fields.number(24)
        else { return }
        page.single(virtual, value: Double(size))
        page.single(resident, value: Double(pages) * pageBytes)
        if let bootTimeSeconds {
            page.single(start, value: bootTimeSeconds + Double(started) / ticksPerSecond)
        }
    }

    /// The soft limit. "Unlimited" is the largest value of `rlim_t`, as the client libraries show it.
    private static func limit(_ resource: __rlimit_resource) -> Double? {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else {
            return nil
        }
        return Double(limit.rlim_cur)
    }

    /// When the machine booted, in Unix seconds.
    private static func bootTime() -> Double? {
        var file = KernelFile(path: "/proc/stat", limit: 8 << 20)
        var text = Buffer(capacity: 16 << 10)
        guard (try? file.read(into: &text)) != nil else { return nil }
        var lines = Cursor(text.bytes)
        while var line = lines.line() {
            if line.take("btime ") { return line.field().map { Double($0) } }
        }
        return nil
    }
}
