internal import CLinux
internal import Glibc
internal import Kernel

/// The contents of the lock file: a line of the clock (`ClockCheckpoint`) in the first 256 bytes and
/// the position of the last committed record behind them, each with a checksum.
///
/// The position is written after each commit and not synced: it survives a kill, and a power cut may
/// leave an older one, never a later one. A start that finds fewer records knows that some are lost.
enum LockFile {
    static let clockBytes = 256
    private static let positionBytes = 64

    /// Opens the lock file without following a symbolic link, which could lead to a file of another
    /// program. Returns -1, and errno, on failure.
    static func open(_ path: String, flags: Int32) -> Int32 {
        let file = unsafe clinux_open(path, flags | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return file }
        var status = stat()
        if unsafe fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG { return file }
        close(file)
        errno = EINVAL
        return -1
    }

    /// The position of the last committed record; 0 if the file does not say.
    static func position(_ file: Int32) -> Int64 {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: positionBytes) { bytes, count in
            unsafe count = max(0, pread(file, bytes.baseAddress, bytes.count, clockBytes))
        }
        let words = bytes.span.string.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let position = Int64(words[0]), position > 0,
            line(position).elementsEqual(bytes)
        else { return 0 }
        return position
    }

    /// Stores the position of the last committed record. A failure is ignored: the position then
    /// says less, and nothing wrong.
    static func setPosition(_ position: Int64, in file: Int32) {
        let line = line(position)
        _ = unsafe line.withUnsafeBytes { bytes in
            unsafe pwrite(file, bytes.baseAddress, bytes.count, clockBytes)
        }
    }

    private static func line(_ position: Int64) -> [UInt8] {
        let number = "\(position)"
        let checksum = Checksum.of(Array(number.utf8).span, at: position)
        let text = "\(number) \(checksum)"
        return Array(text.utf8)
            + [UInt8](repeating: 0x20, count: max(0, positionBytes - 1 - text.utf8.count)) + [0x0A]
    }
}
