internal import CLinux
internal import Glibc
internal import Kernel

/// The storage folder and this process's claim on it.
///
/// The claim is a lock on a file of the folder (flock(2)): the kernel releases it when the process
/// ends, however it ends, and a second daemon fails to get it.
final class StorageDirectory: Sendable {
    static let lockName = "lock"
    /// `storage inspect` holds the lock for an instant to see whether it is free: a lock that is held
    /// longer than this is a daemon's.
    static let glance = Duration.milliseconds(100)

    let path: String
    private let lock: Int32

    /// Creates the folder and its parents if they are missing, and claims it. Waits for a lock that is
    /// held at most `patience`.
    init(
        _ path: String, patience: Duration = StorageDirectory.glance
    ) throws(StorageError) {
        self.path = path
        try StorageDirectory.make(path)
        let file = "\(path)/\(StorageDirectory.lockName)"
        let lock = LockFile.open(file, flags: O_RDWR | O_CREAT)
        guard lock >= 0 else { throw StorageError(.open, error: .last(file)) }
        let end = Clock.monotonicNanoseconds &+ patience.nanoseconds
        var code = flock(lock, LOCK_EX | LOCK_NB)
        while code != 0, errno == EWOULDBLOCK, Clock.monotonicNanoseconds < end {
            usleep(5_000)
            code = flock(lock, LOCK_EX | LOCK_NB)
        }
        guard code == 0 else {
            let isTaken = errno == EWOULDBLOCK
            let error = KernelError.last(file)
            close(lock)
            if isTaken {
                throw StorageError(
                    .open, kind: .taken,
                    description:
                        "\(path) is in use by another ml_exporter; give each its own --storage.path"
                )
            }
            throw StorageError(.open, error: error)
        }
        self.lock = lock
        ClockCheckpoint.resume(lock)
    }

    deinit {
        close(lock)
    }

    /// Whether a process has claimed the folder.
    static func isClaimed(_ path: String) -> Bool {
        let lock = LockFile.open("\(path)/\(lockName)", flags: O_RDONLY)
        guard lock >= 0 else { return false }
        defer { close(lock) }
        return flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    /// Continues `PersistentClock` as the daemon does that has, or had, the folder.
    static func followClock(_ path: String) {
        let lock = LockFile.open("\(path)/\(lockName)", flags: O_RDONLY)
        guard lock >= 0 else { return }
        defer { close(lock) }
        ClockCheckpoint.follow(lock)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func has(_ name: String) -> Bool { unsafe access(file(name), F_OK) == 0 }

    /// Whether the lock file is still under its name: only then is the claim worth anything.
    func isLockInPlace() -> Bool {
        var status = stat()
        guard unsafe fstat(lock, &status) == 0, status.st_nlink > 0 else { return false }
        guard let named = FileIdentity(file(StorageDirectory.lockName)) else { return false }
        return named.device == UInt(status.st_dev) && named.node == UInt(status.st_ino)
    }

    /// Whether every user of the machine may create and remove files in the folder.
    var isWritableByAll: Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IWOTH != 0
    }

    /// Stores the position of the last committed record in the lock file.
    func setPosition(_ position: Int64) { LockFile.setPosition(position, in: lock) }

    /// Stores by how much the real-time clock has been set.
    func updateClockCheckpoint() { ClockCheckpoint.update(lock) }

    /// Lets the names that were made, renamed or removed so far survive a power cut.
    func synchronize(_ operation: StorageError.Operation) throws(StorageError) {
        try StorageDirectory.synchronize(path, flags: O_RDONLY | O_DIRECTORY, operation: operation)
    }

    /// Lets the bytes of a file survive a power cut.
    func synchronize(
        file name: String, operation: StorageError.Operation
    ) throws(StorageError) {
        try StorageDirectory.synchronize(file(name), flags: O_RDWR, operation: operation)
    }

    private static func synchronize(
        _ path: String, flags: Int32, operation: StorageError.Operation
    ) throws(StorageError) {
        let descriptor = unsafe clinux_open(path, flags)
        guard descriptor >= 0 else { throw StorageError(operation, error: .last(path)) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StorageError(operation, error: .last(path)) }
    }

    func rename(
        _ name: String, to other: String, operation: StorageError.Operation
    ) throws(StorageError) {
        guard unsafe Glibc.rename(file(name), file(other)) == 0 else {
            throw StorageError(operation, error: .last(file(name)))
        }
    }

    /// Removes a file; one that is not there is no error.
    func remove(_ name: String) {
        _ = unsafe unlink(file(name))
    }

    /// Throws unless every byte of a file can be read; one that is not there can.
    func requireReadable(_ name: String) throws(StorageError) {
        if !has(name) { return }
        let path = file(name)
        let descriptor = unsafe clinux_open(path, O_RDONLY)
        guard descriptor >= 0 else { throw StorageError(.open, error: .last(path)) }
        defer { close(descriptor) }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 1)
        defer { unsafe bytes.deallocate() }
        var offset = 0
        while true {
            let count = unsafe pread(descriptor, bytes.baseAddress, bytes.count, offset)
            if count < 0 { throw StorageError(.open, error: .last(path)) }
            if count == 0 { return }
            offset += count
        }
    }

    /// Renames files that cannot be used, so that they can be inspected. Returns the new name
    /// of the first.
    func setAside(_ names: [String], at seconds: UInt64) throws(StorageError) -> String {
        var number = 0
        while has("\(names[0]).set-aside-\(seconds)-\(number)") { number += 1 }
        for name in names where has(name) {
            try rename(name, to: "\(name).set-aside-\(seconds)-\(number)", operation: .open)
        }
        try synchronize(.open)
        return "\(names[0]).set-aside-\(seconds)-\(number)"
    }

    private static func make(_ path: String) throws(StorageError) {
        if unsafe mkdir(path, 0o750) == 0 || errno == EEXIST { return try check(path) }
        let error = KernelError.last(path)
        guard error.code == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex
        else { throw StorageError(.open, error: error) }
        try make(String(path[..<slash]))
        if unsafe mkdir(path, 0o750) != 0, errno != EEXIST {
            throw StorageError(.open, error: .last(path))
        }
    }

    private static func check(_ path: String) throws(StorageError) {
        let descriptor = unsafe clinux_open(path, O_RDONLY | O_DIRECTORY)
        guard descriptor >= 0 else { throw StorageError(.open, error: .last(path)) }
        close(descriptor)
    }
}
