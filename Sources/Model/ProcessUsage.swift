internal import Glibc
internal import Kernel

/// The usage of a process from procfs. Nil for files that the daemon has no permission to read.
struct ProcessUsage: Sendable, Equatable {
    /// In clock ticks since boot.
    var startTicks: UInt64
    var cpuSeconds: Double
    var residentBytes: UInt64
    var threads: UInt64
    var openFiles: Int?
    /// Bytes read from storage.
    var readBytes: UInt64?
    /// Bytes written to storage.
    var writtenBytes: UInt64?

    /// Nil if the process has exited or cannot be read. `root` is `/proc`.
    static func read(_ pid: Int32, in root: Root, text: inout Buffer) -> ProcessUsage? {
        var stat = root.file("\(pid)/stat", limit: 4096, isOneRecord: true)
        guard (try? stat.read(into: &text)) != nil, var usage = ProcessUsage(stat: text.bytes)
        else { return nil }
        var io = root.file("\(pid)/io", limit: 4096, isOneRecord: true)
        if (try? io.read(into: &text)) != nil { usage.parse(io: text.bytes) }
        usage.openFiles = root.openFileCount(of: "\(pid)")
        return usage
    }

    /// Nil for a process that has exited and waits for its parent (Z, X), and for damaged text.
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

    /// Parses `read_bytes` and `write_bytes` of proc_pid_io(5).
    mutating func parse(io: Span<UInt8>) {
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
