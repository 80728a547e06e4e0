internal import Glibc
internal import Kernel

/// The records that came after the snapshots, each with its position. One thread at a time uses it.
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

    /// Opens the file, or makes it.
    init(in directory: StorageDirectory) throws(StorageError) {
        try RecordFile.requireFileOfLog(directory.file(RecordFile.name))
        let database = try Database(directory.file(RecordFile.name), access: .writing)
        try database.requireWritable()
        let isFresh = try FileFormat.records.isFresh(database)
        // FULL syncs the log at each commit. The checkpoints are made by another thread.
        try database.execute(
            """
            PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
            PRAGMA cell_size_check = ON; PRAGMA cache_size = -2048;
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
            "INSERT OR REPLACE INTO record (position, checksum, body) VALUES (?1, ?2, ?3)",
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
    }

    /// Throws when there is a log and nothing that it belongs to: SQLite would remove it without a
    /// word.
    static func requireFileOfLog(_ path: String) throws(StorageError) {
        if size(path) == 0, size("\(path)-wal") > 0 {
            throw StorageError(
                .open, kind: .damaged, description: "\(path) is empty, and its log is not")
        }
    }

    /// Bytes of a file, 0 when it is not there.
    private static func size(_ path: String) -> Int {
        var file = stat()
        return unsafe stat(path, &file) == 0 ? file.st_size : 0
    }

    /// Keeps what `append` is given inside `body`, all of it or nothing: on return it survives.
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

    /// Moves what the log holds into the file, as far as no reader is in the way, so that the next
    /// commit begins the log anew.
    func checkpoint() throws(StorageError) {
        try database.execute("PRAGMA wal_checkpoint(PASSIVE)", operation: .checkpoint)
    }

    /// What `RecordFile.read` found.
    struct Contents {
        /// Records that `body` has taken.
        var records = 0
        /// Records that `body` did not understand.
        var unknown = 0
        /// Records whose bytes are not those that were written.
        var damaged = 0
        /// The highest position, 0 without records.
        var lastPosition: Int64 = 0
        /// Why reading ended before the end, if it did.
        var failure: StorageError?
    }

    /// Gives the records after `position` to `body` in their order.
    func read(after position: Int64, body: (Span<UInt8>) -> Bool) -> Contents {
        var contents = Contents()
        do throws(StorageError) {
            let select = try database.prepare(
                "SELECT position, checksum, body FROM record WHERE position > ?1 ORDER BY position",
                operation: .read)
            select.bind(1, value: position)
            while try select.step() {
                let position = select.integer(0)
                let checksum = select.integer(1)
                contents.lastPosition = max(contents.lastPosition, position)
                select.bytes(2) { bytes in
                    if Checksum.of(bytes, at: position) != checksum {
                        contents.damaged += 1
                    } else if body(bytes) {
                        contents.records += 1
                    } else {
                        contents.unknown += 1
                    }
                }
            }
        } catch {
            contents.failure = error
        }
        return contents
    }
}
