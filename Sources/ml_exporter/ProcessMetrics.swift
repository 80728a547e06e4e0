internal import Exposition
internal import Glibc
internal import Kernel

/// The `process_*` families that every client library exports, about the daemon itself.
struct ProcessMetrics: ~Copyable {
    private var file = KernelFile(
        path: "/proc/self/stat", limit: 4096, isOneRecord: true)
    private var text = Buffer(capacity: 4096)
    private let bootTimeSeconds: Double?
    private let cpu = Single(
        "process_cpu_seconds_total", .counter,
        help: "Total user and system CPU time spent in seconds.")
    private let openFiles = Single(
        "process_open_fds", .gauge, help: "Number of open file descriptors.")
    private let maxFiles = Single(
        "process_max_fds", .gauge, help: "Maximum number of open file descriptors.")
    private let virtual = Single(
        "process_virtual_memory_bytes", .gauge, help: "Virtual memory size in bytes.")
    private let virtualMax = Single(
        "process_virtual_memory_max_bytes", .gauge,
        help: "Maximum amount of virtual memory available in bytes.")
    private let resident = Single(
        "process_resident_memory_bytes", .gauge, help: "Resident memory size in bytes.")
    private let start = Single(
        "process_start_time_seconds", .gauge,
        help: "Start time of the process since unix epoch in seconds.")
    private let threads = Single(
        "process_threads", .gauge, help: "Number of threads of the process.")

    init() {
        bootTimeSeconds = ProcessMetrics.bootTime()
    }

    /// Writes what can be found out; what cannot is left out.
    mutating func write(to page: inout Page) {
        if (try? file.read(into: &text)) != nil { writeStat(to: &page) }
        if let count = ProcessMetrics.openFileCount() { page.single(openFiles, Double(count)) }
        if let limit = ProcessMetrics.limit(RLIMIT_NOFILE) { page.single(maxFiles, limit) }
        if let limit = ProcessMetrics.limit(RLIMIT_AS) { page.single(virtualMax, limit) }
    }

    /// Fields 14, 15, 20, 22, 23 and 24 of proc_pid_stat(5), counted behind the name in brackets.
    private func writeStat(to page: inout Page) {
        guard let bracket = text.bytes.lastOffset(of: 0x29) else { return }
        var fields = Cursor(text.bytes.extracting(droppingFirst: bracket + 1))
        for _ in 3..<14 { _ = fields.word() }
        guard let user = fields.field(), let system = fields.field() else { return }
        page.single(cpu, Double(user + system) / 100)
        for _ in 16..<20 { _ = fields.word() }
        guard let threadCount = fields.field() else { return }
        page.single(threads, Double(threadCount))
        _ = fields.word()
        guard let started = fields.field(), let size = fields.field(), let pages = fields.field()
        else { return }
        page.single(virtual, Double(size))
        page.single(resident, Double(pages) * Double(sysconf(Int32(_SC_PAGESIZE))))
        if let bootTimeSeconds { page.single(start, bootTimeSeconds + Double(started) / 100) }
    }

    /// Since Linux 6.2 the directory's size is the count; older kernels show 0 and are listed.
    private static func openFileCount() -> Int? {
        var about = stat()
        guard unsafe stat("/proc/self/fd", &about) == 0 else { return nil }
        if about.st_size > 0 { return Int(about.st_size) }
        return try? Root("/proc").names(in: "self/fd").count
    }

    private static func limit(_ resource: __rlimit_resource) -> Double? {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else {
            return nil
        }
        return Double(limit.rlim_cur)
    }

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
