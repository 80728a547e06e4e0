internal import CSQLite
internal import Glibc

/// A connection to one SQLite file, closed with the value. One thread at a time uses it.
@safe
struct Database: ~Copyable, @unchecked Sendable {
    /// SQLite's default, which nothing here changes.
    static let pageBytes = 4096
    /// How long a statement waits while another connection writes.
    private static let busyMilliseconds: Int32 = 5_000

    private let connection: OpaquePointer
    /// Pages of the log after the last commit, from SQLite's WAL hook.
    private let logPages: UnsafeMutablePointer<Int32>
    let path: String

    enum Access {
        case reading, writing
        /// As `writing`, for a file that exists: none is created.
        case writingExisting
        /// Reading a file that no process writes: nothing is locked or created. A log
        /// (WAL) that was not moved into it is indexed in memory.
        case looking
    }

    init(_ path: String, access: Access) throws(StorageError) {
        unsafe connection = try Database.open(path, access: access)
        unsafe logPages = .allocate(capacity: 1)
        unsafe logPages.initialize(to: 0)
        self.path = path
        // In the place of SQLite's own hook, which would move the log during a commit.
        let hook:
            @convention(c) (
                UnsafeMutableRawPointer?, OpaquePointer?, UnsafePointer<CChar>?, Int32
            ) -> Int32 = { logPages, _, _, pages in
                unsafe logPages?.storeBytes(of: pages, as: Int32.self)
                return SQLITE_OK
            }
        unsafe sqlite3_wal_hook(connection, hook, logPages)
    }

    private static func open(
        _ path: String, access: Access
    ) throws(StorageError) -> OpaquePointer {
        var connection: OpaquePointer?
        var code: Int32
        switch access {
        case .writing:
            let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
            code = unsafe sqlite3_open_v2(path, &connection, flags, nil)
        case .writingExisting:
            let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX
            code = unsafe sqlite3_open_v2(path, &connection, flags, nil)
        case .reading:
            let flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX
            code = unsafe sqlite3_open_v2(path, &connection, flags, nil)
        case .looking:
            // Without a log there is one file only, and SQLite must not make others.
            let hasLog = unsafe Glibc.access("\(path)-wal", F_OK) == 0
            let flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI
            code = unsafe sqlite3_open_v2(
                address(path) + (hasLog ? "" : "?immutable=1"), &connection, flags,
                hasLog ? "unix-none" : nil)
            if code == SQLITE_OK {
                unsafe csqlite_keep_log(connection)
                // Only then is the index of the log private memory.
                code = unsafe sqlite3_exec(
                    connection, "PRAGMA locking_mode = EXCLUSIVE", nil, nil, nil)
            }
        }
        guard code == SQLITE_OK, let connection = unsafe connection else {
            let error = unsafe StorageError(.open, connection: connection, at: path)
            unsafe sqlite3_close_v2(connection)
            throw error
        }
        unsafe sqlite3_busy_timeout(connection, busyMilliseconds)
        return unsafe connection
    }

    /// The path as a URI (https://www.sqlite.org/uri.html).
    private static func address(_ path: String) -> String {
        var address = path.hasPrefix("/") ? "file://" : "file:"
        for character in path {
            switch character {
            case "%": address += "%25"
            case "?": address += "%3f"
            case "#": address += "%23"
            default: address.append(character)
            }
        }
        return address
    }

    deinit {
        unsafe sqlite3_close_v2(connection)
        unsafe logPages.deallocate()
    }

    /// Throws unless the file can be written: if the machine refuses that at the opening, SQLite opens
    /// the file for reading without an error.
    func requireWritable() throws(StorageError) {
        guard unsafe sqlite3_db_readonly(connection, "main") == 0 else {
            throw StorageError(
                .open, kind: .refused, description: "\(path) cannot be opened for writing")
        }
    }

    /// How long the log was after this connection's last commit (sqlite3_wal_hook).
    var logBytes: Int { unsafe Int(logPages.pointee) * Database.pageBytes }

    /// Makes closing the connection leave the log. SQLite would remove it by name, and the name may
    /// already belong to a file of another process.
    func keepLogAtClose() {
        unsafe csqlite_keep_log(connection)
    }

    /// Runs statements that answer nothing, or whose answer does not matter.
    func execute(
        _ statements: String, operation: StorageError.Operation
    ) throws(StorageError) {
        guard unsafe sqlite3_exec(connection, statements, nil, nil, nil) == SQLITE_OK else {
            throw unsafe StorageError(operation, connection: connection, at: path)
        }
    }

    func prepare(
        _ statement: String, operation: StorageError.Operation
    ) throws(StorageError) -> Statement {
        var prepared: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(
            connection, statement, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared = unsafe prepared else {
            throw unsafe StorageError(operation, connection: connection, at: path)
        }
        return unsafe Statement(prepared, of: connection, at: path, operation: operation)
    }

    /// The first column of the first row, 0 when there is no row.
    func integer(
        _ statement: String, operation: StorageError.Operation
    ) throws(StorageError) -> Int64 {
        let statement = try prepare(statement, operation: operation)
        return try statement.step() ? statement.integer(0) : 0
    }

    /// Rolls back the open transaction, if there is one.
    func rollBack() {
        // Fails where the error has rolled back already.
        _ = unsafe sqlite3_exec(connection, "ROLLBACK", nil, nil, nil)
    }

    /// Rows that the last statement changed.
    var changes: Int { Int(unsafe sqlite3_changes64(connection)) }
}
