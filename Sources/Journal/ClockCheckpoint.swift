internal import CLinux
internal import Glibc
internal import Kernel

/// Lets the lasting clock go on over restarts: a line in the lock file with the boot, the clock's
/// distance from the monotonic one, how far the real one has been set since, and a checksum.
///
/// Within a boot the monotonic clock tells how much time went by, however the real one was set. After
/// a boot only the real one can.
struct ClockCheckpoint: Equatable {
    /// The real-time clock is read after the monotonic one: smaller differences mean nothing.
    private static let smallestStep: Int64 = 1_000_000_000

    let boot: String
    let monotonicOffset: Int64
    let correction: Int64

    /// Goes on as the file says, and notes so. A file that says nothing is no error: then the
    /// real-time clock counts.
    static func resume(_ file: Int32) {
        follow(file)
        update(file)
    }

    /// Goes on as the file says.
    static func follow(_ file: Int32) {
        let boot = currentBoot
        let note = ClockCheckpoint(text(file).span)
        if let note, note.boot == boot, !boot.isEmpty {
            PersistentClock.resume(monotonicOffset: note.monotonicOffset)
        } else {
            PersistentClock.resume(correction: note?.correction ?? 0)
        }
    }

    /// Notes the present state where it differs.
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

    /// What a file says; nil when it is nothing of ours, or damaged.
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

    /// What the kernel drew when the machine was started; empty when it does not say.
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
