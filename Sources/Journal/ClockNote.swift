internal import CLinux
internal import Glibc
internal import Kernel

/// Lets the lasting clock go on over restarts: a line in the lock file with the boot, the clock's
/// distance from the monotonic one, and how far the real one has been set since.
///
/// Within a boot the monotonic clock tells how much time went by, however the real one was set. After
/// a boot only the real one can.
struct ClockNote {
    /// The real-time clock is read after the monotonic one: smaller differences mean nothing.
    private static let smallestStep: Int64 = 1_000_000_000
    private static let capacity = 256

    private var boot: String
    private var monotonicOffset: Int64
    private var correction: Int64

    /// Goes on as the file says, and notes so. A file that says nothing is no error: then the
    /// real-time clock counts.
    static func resume(_ file: Int32) {
        follow(file)
        update(file)
    }

    /// Goes on as the file says.
    static func follow(_ file: Int32) {
        let boot = currentBoot
        let note = ClockNote(file)
        if let note, note.boot == boot, !boot.isEmpty {
            LastingClock.resume(monotonicOffset: note.monotonicOffset)
        } else {
            LastingClock.resume(correction: note?.correction ?? 0)
        }
    }

    /// Notes the present state where it differs.
    static func update(_ file: Int32) {
        let boot = currentBoot
        let correction = LastingClock.correction
        if let note = ClockNote(file), note.boot == boot,
            note.monotonicOffset == LastingClock.monotonicOffset,
            (correction &- note.correction).magnitude < smallestStep
        {
            return
        }
        let line = Array("\(boot) \(LastingClock.monotonicOffset) \(correction)\n".utf8)
        // What does not succeed costs nothing as long as nobody sets the clock.
        unsafe line.withUnsafeBytes { bytes in
            guard unsafe pwrite(file, bytes.baseAddress, bytes.count, 0) == bytes.count else {
                return
            }
            if ftruncate(file, bytes.count) == 0 { _ = fsync(file) }
        }
    }

    /// What the file says; nil when it is nothing of ours.
    private init?(_ file: Int32) {
        let text = ClockNote.text(file)
        let words = text.split(whereSeparator: { $0 == " " || $0 == "\n" })
        guard words.count == 3, text.last == "\n", let offset = Int64(words[1]),
            let correction = Int64(words[2])
        else { return nil }
        (boot, monotonicOffset, self.correction) = (String(words[0]), offset, correction)
    }

    /// What the kernel drew when the machine was started; empty when it does not say.
    private static var currentBoot: String {
        let file = unsafe clinux_open("/proc/sys/kernel/random/boot_id", O_RDONLY)
        guard file >= 0 else { return "" }
        defer { close(file) }
        return text(file).filter { !$0.isWhitespace }
    }

    private static func text(_ file: Int32) -> String {
        unsafe withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) { bytes in
            let count = unsafe pread(file, bytes.baseAddress, bytes.count, 0)
            return unsafe String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        }
    }
}
