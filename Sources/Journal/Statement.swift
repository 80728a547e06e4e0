internal import CSQLite

/// A prepared statement of a connection that outlives it.
@safe
struct Statement: ~Copyable, @unchecked Sendable {
    private let statement: OpaquePointer
    private let connection: OpaquePointer
    private let path: String
    private let operation: StorageError.Operation

    init(
        _ statement: OpaquePointer, of connection: OpaquePointer, at path: String,
        operation: StorageError.Operation
    ) {
        unsafe self.statement = statement
        unsafe self.connection = connection
        self.path = path
        self.operation = operation
    }

    deinit {
        unsafe sqlite3_finalize(statement)
    }

    /// Whether there is a (further) row.
    func step() throws(StorageError) -> Bool {
        switch unsafe sqlite3_step(statement) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw unsafe StorageError(operation, connection: connection, at: path)
        }
    }

    /// Runs a statement that answers no rows, and makes it ready for the next run.
    func run() throws(StorageError) {
        defer { reset() }
        _ = try step()
    }

    func reset() {
        unsafe sqlite3_reset(statement)
    }

    /// `index` counts from 1.
    func bind(_ index: Int32, value: Int64) {
        let code = unsafe sqlite3_bind_int64(statement, index, value)
        precondition(code == SQLITE_OK)
    }

    /// `index` counts from 1.
    func bind(_ index: Int32, value: String) {
        let bytes = Array(value.utf8)
        let code = unsafe bytes.withUnsafeBytes {
            unsafe sqlite3_bind_text64(
                statement, index, $0.baseAddress, UInt64($0.count),
                unsafeBitCast(-1, to: sqlite3_destructor_type.self), UInt8(SQLITE_UTF8))
        }
        precondition(code == SQLITE_OK)
    }

    /// Runs the statement with the bytes as parameter `index`, which counts from 1.
    func run(_ index: Int32, bytes: borrowing Span<UInt8>) throws(StorageError) {
        defer { reset() }
        try unsafe bytes.withUnsafeBytes { bytes throws(StorageError) in
            let code = unsafe csqlite_bind_bytes(
                statement, index, bytes.baseAddress, UInt64(bytes.count))
            guard code == SQLITE_OK else {
                throw unsafe StorageError(operation, connection: connection, at: path)
            }
            _ = try step()
        }
    }

    /// `column` counts from 0.
    func integer(_ column: Int32) -> Int64 {
        unsafe sqlite3_column_int64(statement, column)
    }

    /// `column` counts from 0.
    func text(_ column: Int32) -> String {
        guard let text = unsafe sqlite3_column_text(statement, column) else { return "" }
        return unsafe String(cString: text)
    }

    /// Bytes of the row that the next step takes away. `column` counts from 0.
    func bytes<Result>(_ column: Int32, body: (Span<UInt8>) -> Result) -> Result {
        let start = unsafe sqlite3_column_blob(statement, column)
        let count = Int(unsafe sqlite3_column_bytes(statement, column))
        let bytes = unsafe UnsafeRawBufferPointer(
            start: start, count: unsafe start == nil ? 0 : count)
        return unsafe body(bytes.bindMemory(to: UInt8.self).span)
    }
}
