internal import Glibc
internal import Kernel

/// What a process has used, as procfs tells it. Nil is what this daemon may not see.
struct ProcessUsage: Sendable, Equatable {
    /// In clock ticks since boot.
    var startTicks: UInt64
    var cpuSeconds: Double
    var residentBytes: UInt64
    var threads: UInt64
    var openFiles: Int?
    /// Bytes that came from storage.
    var readBytes: UInt64?
    /// Bytes that went to storage.
    var writtenBytes: UInt64?

    /// Nil when the process has ended or is not to be seen. `root` stands for `/proc`.
    static func read(_ pid: Int32, in root: Root, _ text: inout Buffer) -> ProcessUsage? {
        var stat = root.file("\(pid)/stat", limit: 4096, isOneRecord: true)
        guard (try? stat.read(into: &text)) != nil, var usage = ProcessUsage(stat: text.bytes)
        else { return nil }
        var io = root.file("\(pid)/io", limit: 4096, isOneRecord: true)
        if (try? io.read(into: &text)) != nil { usage.take(io: text.bytes) }
        usage.openFiles = fileCount(root, "\(pid)/fd")
        return usage
    }

    /// Fields 14, 15, 20, 22 and 24 of proc_pid_stat(5), counted behind the name in brackets. Nil
    /// for a process that has ended and waits for its parent (Z, X) and for damaged text.
    init?(stat: Span<UInt8>) {
        guard let bracket = stat.lastOffset(of: 0x29) else { return nil }
        var fields = Cursor(stat.extracting(droppingFirst: bracket + 1))
        guard let state = fields.word(), !state.equals("Z"), !state.equals("X") else { return nil }
        for _ in 4..<14 { _ = fields.word() }
        guard let user = fields.field(), let system = fields.field() else { return nil }
        for _ in 16..<20 { _ = fields.word() }
        guard let threads = fields.field() else { return nil }
        _ = fields.word()
        guard let started = fields.field(), fields.word() != nil, let pages = fields.field() else {
            return nil
        }
        startTicks = started
        cpuSeconds = (Double(user) + Double(system)) / Double(sysconf(Int32(_SC_CLK_TCK)))
        residentBytes = pages &* UInt64(clamping: sysconf(Int32(_SC_PAGESIZE)))
        self.threads = threads
    }

    /// Takes `read_bytes` and `write_bytes` of proc_pid_io(5).
    mutating func take(io: Span<UInt8>) {
        var lines = Cursor(io)
        while var line = lines.line() {
            if line.take("read_bytes:") {
                readBytes = line.field()
            } else if line.take("write_bytes:") {
                writtenBytes = line.field()
            }
        }
    }

    /// Since Linux 6.2 the directory's size is the count; older kernels show 0 and are listed.
    private static func fileCount(_ root: Root, _ directory: String) -> Int? {
        var about = stat()
        guard unsafe stat(root.path(of: directory), &about) == 0 else { return nil }
        if about.st_size > 0 { return Int(about.st_size) }
        return try? root.names(in: directory).count
    }
}
