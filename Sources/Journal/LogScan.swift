internal import CLinux
internal import Glibc
internal import Kernel

/// What SQLite's log (WAL) holds behind the frame at which SQLite stops reading it.
///
/// SQLite reads the log up to the first frame whose checksum is wrong, and takes everything behind
/// for the rest of an earlier use of the file (https://www.sqlite.org/fileformat2.html#walformat).
/// That is right after a power cut, which can only damage the last transaction, but hides every
/// later transaction if a byte in the middle has changed. Frames of this use of the log carry the
/// salts of its header, which distinguishes the two cases.
///
/// Transactions that failed leave frames as well: those of a longer one stay behind those of a
/// shorter one that was written over it. Each frame's checksum continues that of the frame before, so
/// they differ from transactions that followed each other: their checksums do not continue.
struct LogScan: Equatable {
    private static let headerBytes = 32
    private static let frameHeaderBytes = 24
    private static let magic: UInt32 = 0x377f_0682

    /// Transactions that end behind the first unreadable frame. A power cut leaves at most one: the
    /// one before was synced before the next began.
    private(set) var hiddenTransactions = 0
    /// The most of them whose checksums continue each other.
    private(set) var consecutiveTransactions = 0
    /// Whether the header of a log with frames is not the one that was written.
    private(set) var isHeaderDamaged = false

    /// Whether transactions are hidden that had succeeded: a transaction begins behind another only
    /// if that has.
    var isDamaged: Bool { isHeaderDamaged || consecutiveTransactions > 1 }

    /// Reads the log at `path` frame by frame. A log that does not exist has nothing hidden.
    init(_ path: String) throws(StorageError) {
        let file = unsafe clinux_open(path, O_RDONLY)
        guard file >= 0 else {
            if errno == ENOENT { return }
            throw StorageError(.open, error: .last(path))
        }
        defer { close(file) }
        var window = Window(file, path: path)
        guard let header = try window.read(LogScan.headerBytes, at: 0) else { return }
        let isBigEndian = LogScan.number(header, at: 0) == LogScan.magic | 1
        var checksum = Checksum()
        checksum.add(header[..<24], isBigEndian: isBigEndian)
        let isWhole =
            LogScan.number(header, at: 0) & ~1 == LogScan.magic
            && checksum.first == LogScan.number(header, at: 24)
            && checksum.second == LogScan.number(header, at: 28)
        let pageBytes = isWhole ? Int(LogScan.number(header, at: 8)) : Database.pageBytes
        guard pageBytes >= 512, pageBytes <= 65_536 else {
            isHeaderDamaged = true
            return
        }
        let frameBytes = LogScan.frameHeaderBytes + pageBytes
        var salts = isWhole ? Array(header[16..<24]) : []
        var isReadable = isWhole
        var consecutive = 0
        var offset = LogScan.headerBytes
        while let frame = try window.read(frameBytes, at: offset) {
            offset += frameBytes
            let head = frame[..<LogScan.frameHeaderBytes]
            // Without a header, the salts of this use of the log are those of the first frame.
            if salts.isEmpty { salts = Array(head[8..<16]) }
            let isOfThisUse = head[8..<16].elementsEqual(salts) && salts.contains { $0 != 0 }
            checksum.add(head[..<8], isBigEndian: isBigEndian)
            checksum.add(frame[LogScan.frameHeaderBytes...], isBigEndian: isBigEndian)
            let stored = Checksum(
                first: LogScan.number(frame, at: 16), second: LogScan.number(frame, at: 20))
            let isContinued = isOfThisUse && checksum == stored
            isReadable = isReadable && isContinued
            checksum = stored
            if isReadable { continue }
            if !isContinued { consecutive = 0 }
            if isOfThisUse, LogScan.number(frame, at: 4) != 0 {
                hiddenTransactions += 1
                consecutive += 1
                consecutiveTransactions = max(consecutiveTransactions, consecutive)
            }
        }
        // A header that was never written is all zeros, and then at most one transaction was begun.
        if !isWhole { isHeaderDamaged = hiddenTransactions > 0 && header.contains { $0 != 0 } }
    }

    /// The checksum that runs through a log, of 8-byte steps.
    private struct Checksum: Equatable {
        var first: UInt32 = 0
        var second: UInt32 = 0

        mutating func add(_ bytes: ArraySlice<UInt8>, isBigEndian: Bool) {
            var (first, second) = (first, second)
            unsafe bytes.withUnsafeBytes { bytes in
                for index in stride(from: 0, to: bytes.count - 7, by: 8) {
                    var one = unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self)
                    var two = unsafe bytes.loadUnaligned(fromByteOffset: index + 4, as: UInt32.self)
                    if isBigEndian { (one, two) = (one.bigEndian, two.bigEndian) }
                    first = first &+ one &+ second
                    second = second &+ two &+ first
                }
            }
            self.first = first
            self.second = second
        }
    }

    private static func number(_ bytes: [UInt8], at offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 << 8 | UInt32(bytes[offset + $1]) }
    }

    /// Reads a file in large steps, to need few requests on a slow disk.
    private struct Window {
        private static let step = 1 << 20

        let file: Int32
        let path: String
        private var start = 0
        private var bytes: [UInt8] = []
        private var isAtEnd = false

        init(_ file: Int32, path: String) {
            self.file = file
            self.path = path
        }

        /// The bytes at `offset`; nil if the file ends before them.
        mutating func read(_ count: Int, at offset: Int) throws(StorageError) -> [UInt8]? {
            if offset + count > start + bytes.count {
                if isAtEnd { return nil }
                try fill(from: offset)
                if count > bytes.count { return nil }
            }
            return Array(bytes[offset - start..<offset - start + count])
        }

        private mutating func fill(from offset: Int) throws(StorageError) {
            var done = 0
            bytes = unsafe [UInt8](unsafeUninitializedCapacity: Window.step) { bytes, filled in
                done = unsafe pread(file, bytes.baseAddress, Window.step, offset)
                filled = max(0, done)
            }
            if done < 0 { throw StorageError(.open, error: .last(path)) }
            start = offset
            isAtEnd = done < Window.step
        }
    }
}
