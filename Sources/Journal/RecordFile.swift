internal import Glibc
internal import Kernel

/// Which file a name leads to.
struct FileIdentity: Equatable {
    let device: UInt
    let node: UInt

    /// Nil if there is no such file.
    init?(_ path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        device = UInt(status.st_dev)
        node = UInt(status.st_ino)
    }
}

/// The records after the snapshots, each with its position. One thread at a time uses it.
final class RecordFile: @unchecked Sendable {
    static let name = "journal.db"
    /// All files that SQLite keeps for it.
    static let names = [name, "\(name)-wal", "\(name)-shm"]

    // Statements are finalized before the connection is closed: fields end in this order.
    private let insert: Statement
    private let delete: Statement
    private let begin: Statement
    private let commit: Statement
    private let database: Database
    private let path: String
    private let identity: FileIdentity?
    /// Nil until the first commit has created the log.
    private var logIdentity: FileIdentity?

    /// Opens the file, or makes it.
    init(in directory: StorageDirectory, limits: JournalLimits) throws(StorageError) {
        try RecordFile.requireFileOfLog(directory.file(RecordFile.name))
        let database = try Database(directory.file(RecordFile.name), access: .writing)
        try database.requireWritable()
        let isFresh = try FileFormat.records.isFresh(database)
        // FULL syncs the log at each commit. The checkpoints are made by another thread.
        try database.execute(
            """
            PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
            PRAGMA cell_size_check = ON; PRAGMA cache_size = -2048;
            PRAGMA max_page_count = \(max(limits.fileBytes / Database.pageBytes, 16));
            """, operation: .open)
        if isFresh {
            try database.execute(
                """
                BEGIN;
                CREATE TABLE record (
                    position INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, body BLOB NOT NULL
                ) STRICT;
                \(FileFormat.records.marks)
                COMMIT;
                """, operation: .open)
        }
        if try database.integer("PRAGMA user_version", operation: .open) < FileFormat.version {
            // Before the first record of the new format, so that no earlier release skips it.
            try database.execute(
                "PRAGMA user_version = \(FileFormat.version)", operation: .open)
        }
        try directory.synchronize(.open)
        let insert = try database.prepare(
            // Never replaces a record: one with this position is of another process.
            "INSERT INTO record (position, checksum, body) VALUES (?1, ?2, ?3)",
            operation: .commit)
        let delete = try database.prepare(
            """
            DELETE FROM record WHERE position IN
                (SELECT position FROM record WHERE position <= ?1 ORDER BY position LIMIT ?2)
            """, operation: .prune)
        let begin = try database.prepare("BEGIN IMMEDIATE", operation: .commit)
        let commit = try database.prepare("COMMIT", operation: .commit)
        self.insert = insert
        self.delete = delete
        self.begin = begin
        self.commit = commit
        self.database = database
        path = directory.file(RecordFile.name)
        identity = FileIdentity(path)
    }

    /// Whether the file and its log are still under their names. Only names are looked at: closing a
    /// descriptor of its own would release SQLite's locks (fcntl(2)) on the file.
    func isInPlace() -> Bool {
        if FileIdentity(path) != identity { return false }
        let log = FileIdentity("\(path)-wal")
        if let logIdentity { return log == logIdentity }
        logIdentity = log
        return true
    }

    /// Lets the file be closed without a change to what is under its names by now.
    func abandon() {
        database.keepLogAtClose()
    }

    /// Throws if there is a log without the file that it belongs to: SQLite would remove it without an
    /// error.
    static func requireFileOfLog(_ path: String) throws(StorageError) {
        if size(path) == 0, size("\(path)-wal") > 0 {
            throw StorageError(
                .open, kind: .damaged, description: "\(path) is empty, but its log is not")
        }
    }

    /// Bytes of a file, 0 when it is not there.
    private static func size(_ path: String) -> Int {
        var file = stat()
        return unsafe stat(path, &file) == 0 ? file.st_size : 0
    }

    /// Commits what `body` appends, all of it or nothing. It is durable on return.
    func transaction(
        _ body: (RecordFile) throws(StorageError) -> Void
    ) throws(StorageError) {
        do throws(StorageError) {
            try begin.run()
            try body(self)
            try commit.run()
        } catch {
            database.rollBack()
            throw error
        }
    }

    func append(_ record: borrowing Span<UInt8>, at position: Int64) throws(StorageError) {
        insert.bind(1, value: position)
        insert.bind(2, value: Checksum.of(record, at: position))
        try insert.run(3, bytes: record)
    }

    /// Removes at most `limit` records up to `position`, the oldest first. Returns how many.
    func prune(through position: Int64, atMost limit: Int) throws(StorageError) -> Int {
        delete.bind(1, value: position)
        delete.bind(2, value: Int64(limit))
        try delete.run()
        return database.changes
    }

    /// How long the log was after the last commit.
    var logBytes: Int { database.logBytes }

    /// Moves the log into the file, as far as no reader prevents it, so that the next commit restarts
    /// the log.
    func checkpoint() throws(StorageError) {
        try database.execute("PRAGMA wal_checkpoint(PASSIVE)", operation: .checkpoint)
    }
}
