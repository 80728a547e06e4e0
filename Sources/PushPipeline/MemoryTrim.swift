internal import CLinux
internal import Journal
internal import Kernel
internal import Synchronization

/// Gives memory that a load has taken back to the kernel, at most a minute after it: what pools keep to
/// be used again, and what is free in the heap.
final class MemoryTrim: ScheduledTask {
    static let interval = Duration.seconds(15)
    /// Growth of the resident memory up to which nothing is done, so that a steady load of scrapes
    /// and pushes keeps its memory.
    static let growthBytes = 2 << 20

    private let residentBytes: @Sendable () -> Int
    private let trim: @Sendable () -> Void
    private let due = Atomic<UInt64>(0)
    /// Resident memory after the last trim, or less since; 0 before the first look.
    private let resting = Atomic<Int>(0)

    /// `trim` frees what pools keep.
    init(
        residentBytes: @escaping @Sendable () -> Int = MemoryTrim.residentBytes,
        trim: @escaping @Sendable () -> Void
    ) {
        self.residentBytes = residentBytes
        self.trim = trim
    }

    func nextDue() -> UInt64 { due.load(ordering: .relaxed) }

    func run(at now: Timestamp) {
        due.store(
            now.monotonicNanoseconds &+ MemoryTrim.interval.nanoseconds, ordering: .relaxed)
        let before = resting.load(ordering: .relaxed)
        var bytes = residentBytes()
        if before > 0, bytes > before + MemoryTrim.growthBytes {
            trim()
            clinux_trim_memory()
            bytes = residentBytes()
            resting.store(bytes, ordering: .relaxed)
        } else if before == 0 || bytes < before {
            resting.store(bytes, ordering: .relaxed)
        }
    }

    /// The second number of /proc/self/statm in bytes (proc_pid_statm(5)); 0 if it cannot be read.
    private static func residentBytes() -> Int {
        var file = KernelFile(path: "/proc/self/statm", limit: 256)
        var text = Buffer(capacity: 256)
        guard (try? file.read(into: &text)) != nil else { return 0 }
        var cursor = Cursor(text.bytes)
        _ = cursor.part(endedBy: 0x20)
        let pages = Int(cursor.part(endedBy: 0x20).string) ?? 0
        return pages * 4096
    }
}
