internal import CLinux
internal import Glibc
internal import Kernel

/// Lets `PersistentClock` continue over restarts: a line in the lock file with the boot ID, the clock's
/// offset from the monotonic clock, by how much the real-time clock has been set since, and a checksum.
///
/// Within a boot the monotonic clock measures the time between two processes, however the real-time
/// clock was set. After a boot only the real-time clock can.
struct ClockCheckpoint: Equatable {
    /// The real-time clock is read after the monotonic one: smaller differences mean nothing.
    private static let smallestStep: Int64 = 1_000_000_000

    let boot: String
    let monotonicOffset: Int64
    let correction: Int64

    /// Continues the clock from the file, and updates the file. Without a valid line in the file the
    /// clock starts at the real time.
    static func resume(_ file: Int32) {
        follow(file)
        update(file)
    }

    /// Continues the clock from the file.
    static func follow(_ file: Int32) {
        let boot = currentBoot
        let note = ClockCheckpoint(text(file).span)
        if let note, note.boot == boot, !boot.isEmpty {
            PersistentClock.resume(monotonicOffset: note.monotonicOffset)
        } else {
            PersistentClock.resume(correction: note?.correction ?? 0)
        }
    }

    /// Writes the present state if it differs from the file.
    static func update(_ file: Int32) {
        let now = ClockCheckpoint(
            boot: currentBoot, monotonicOffset: PersistentClock.monotonicOffset,
            correction: PersistentClock.correction)
        if let note = ClockCheckpoint(text(file).span), note.boot == now.boot,
            note.monotonicOffset == now.monotonicOffset,
            (now.correction &- note.correction).magnitude < smallestStep
        {
            return
        }
        var block = now.line
        block += repeatElement(0x20, count: max(0, LockFile.clockBytes - block.count))
        // A failure matters only if the real-time clock is set later.
        unsafe block.withUnsafeBytes { bytes in
            guard unsafe pwrite(file, bytes.baseAddress, bytes.count, 0) == bytes.count else {
                return
            }
            _ = fsync(file)
        }
    }

    init(boot: String, monotonicOffset: Int64, correction: Int64) {
        self.boot = boot
        self.monotonicOffset = monotonicOffset
        self.correction = correction
    }

    /// Parses a line; nil if it is damaged or not a line of this kind.
    init?(_ text: Span<UInt8>) {
        let words = text.string.split(separator: " ")
        guard words.count == 4, let offset = Int64(words[1]), let correction = Int64(words[2])
        else { return nil }
        self.init(boot: String(words[0]), monotonicOffset: offset, correction: correction)
        if !line.span.equals(text) { return nil }
    }

    /// The line of the file.
    var line: [UInt8] {
        let words = "\(boot) \(monotonicOffset) \(correction) "
        return Array("\(words)\(Checksum.of(Array(words.utf8).span, at: 0))\n".utf8)
    }

    /// The random boot ID of the kernel; empty if it cannot be read.
    private static var currentBoot: String {
        let file = unsafe clinux_open("/proc/sys/kernel/random/boot_id", O_RDONLY)
        guard file >= 0 else { return "" }
        defer { close(file) }
        return text(file).span.string.filter { !$0.isWhitespace }
    }

    private static func text(_ file: Int32) -> [UInt8] {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: LockFile.clockBytes) {
            bytes, count in
            unsafe count = max(0, pread(file, bytes.baseAddress, bytes.count, 0))
        }
        let end = bytes.firstIndex(of: 0x0A)
        return end.map { Array(bytes[...$0]) } ?? bytes
    }
}
