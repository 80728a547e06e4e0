internal import CSQLite

/// A connection to one SQLite file, closed with the value. One thread at a time uses it.
@safe
struct Database: ~Copyable, @unchecked Sendable {
    /// SQLite's default, which nothing here changes.
    private static let pageBytes = 4096
    /// How long a statement waits while another connection writes.
    private static let busyMilliseconds: Int32 = 5_000

    private let connection: OpaquePointer
    /// Pages of the log after the last commit, which SQLite tells here.
    private let logPages: UnsafeMutablePointer<Int32>
    let path: String

    enum Access {
        case reading, writing
    }

    init(_ path: String, _ access: Access) throws(StorageError) {
        var connection: OpaquePointer?
        let flags =
            (access == .reading ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
            | SQLITE_OPEN_NOMUTEX
        let code = unsafe sqlite3_open_v2(path, &connection, flags, nil)
        guard code == SQLITE_OK, let connection = unsafe connection else {
            let error = unsafe StorageError(.open, connection, at: path)
            unsafe sqlite3_close_v2(connection)
            throw error
        }
        unsafe self.connection = connection
        unsafe logPages = .allocate(capacity: 1)
        unsafe logPages.initialize(to: 0)
        self.path = path
        unsafe sqlite3_busy_timeout(connection, Database.busyMilliseconds)
        // In the place of SQLite's own hook, which would move the log during a commit.
        let tell:
            @convention(c) (
                UnsafeMutableRawPointer?, OpaquePointer?, UnsafePointer<CChar>?, Int32
            ) -> Int32 = { logPages, _, _, pages in
                unsafe logPages?.storeBytes(of: pages, as: Int32.self)
                return SQLITE_OK
            }
        unsafe sqlite3_wal_hook(connection, tell, logPages)
    }

    deinit {
        unsafe sqlite3_close_v2(connection)
        unsafe logPages.deallocate()
    }

    /// Throws unless the file can be written: where that is refused at the opening, SQLite reads it
    /// without a word, and would do so for ever.
    func requireWritable() throws(StorageError) {
        guard unsafe sqlite3_db_readonly(connection, "main") == 0 else {
            throw StorageError(.open, .refused, "\(path) cannot be opened for writing")
        }
    }

    /// How long the log was after this connection's last commit (sqlite3_wal_hook).
    var logBytes: Int { unsafe Int(logPages.pointee) * Database.pageBytes }

    /// Runs statements that answer nothing, or whose answer does not matter.
    func execute(
        _ statements: String, _ operation: StorageError.Operation
    ) throws(StorageError) {
        guard unsafe sqlite3_exec(connection, statements, nil, nil, nil) == SQLITE_OK else {
            throw unsafe StorageError(operation, connection, at: path)
        }
    }

    func prepare(
        _ statement: String, _ operation: StorageError.Operation
    ) throws(StorageError) -> Statement {
        var prepared: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(
            connection, statement, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared = unsafe prepared else {
            throw unsafe StorageError(operation, connection, at: path)
        }
        return unsafe Statement(prepared, of: connection, at: path, operation)
    }

    /// The first column of the first row, 0 when there is no row.
    func integer(
        _ statement: String, _ operation: StorageError.Operation
    ) throws(StorageError) -> Int64 {
        let statement = try prepare(statement, operation)
        return try statement.step() ? statement.integer(0) : 0
    }

    /// Ends a transaction that was begun, if there is one, without its changes.
    func rollBack() {
        // Fails where the error has rolled back already.
        _ = unsafe sqlite3_exec(connection, "ROLLBACK", nil, nil, nil)
    }

    /// Rows that the last statement changed.
    var changes: Int { Int(unsafe sqlite3_changes64(connection)) }
}
