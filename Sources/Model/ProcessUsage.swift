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
    static func read(_ pid: Int32, in root: Root, text: inout Buffer) -> ProcessUsage? {
        var stat = root.file("\(pid)/stat", limit: 4096, isOneRecord: true)
        guard (try? stat.read(into: &text)) != nil, var usage = ProcessUsage(stat: text.bytes)
        else { return nil }
        var io = root.file("\(pid)/io", limit: 4096, isOneRecord: true)
        if (try? io.read(into: &text)) != nil { usage.take(io: text.bytes) }
        usage.openFiles = root.openFileCount(of: "\(pid)")
        return usage
    }

    /// Nil for a process that has ended and waits for its parent (Z, X) and for damaged text.
    init?(stat: Span<UInt8>) {
        guard var fields = PIDStat(stat), let state = fields.state(),
            state != UInt8(ascii: "Z"), state != UInt8(ascii: "X"),
            let user = fields.seconds(14), let system = fields.seconds(15),
            let threads = fields.number(20), let started = fields.number(22),
            let pages = fields.number(24)
        else { return nil }
        startTicks = started
        cpuSeconds = user + system
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
}
