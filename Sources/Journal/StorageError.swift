internal import CSQLite
internal import Kernel

/// Why an operation of the storage failed.
package struct StorageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was being done: the label `operation` of `ml_journal_errors_total`.
    package enum Operation: String, CaseIterable, Sendable {
        case open, commit, checkpoint, snapshot, prune, read
    }

    /// The consequence of the error.
    package enum Kind: Sendable {
        /// The machine refuses: no space, no right, a failing disk. It may get better by itself.
        case refused
        /// The bytes are not what was written.
        case damaged
        /// Another program wrote the file, or it is not a database.
        case foreign
        /// A later release wrote it.
        case newer
        /// Another process has claimed it.
        case taken
        /// Another process has written to it.
        case conflict
    }

    package let operation: Operation
    package let kind: Kind
    /// A sentence for the log and for the client.
    package let description: String

    package init(_ operation: Operation, kind: Kind, description: String) {
        self.operation = operation
        self.kind = kind
        self.description = description
    }

    init(_ operation: Operation, error: KernelError) {
        self.init(operation, kind: .refused, description: "\(error)")
    }

    /// The error of the last call of `connection`.
    init(_ operation: Operation, connection: OpaquePointer?, at path: String) {
        let code = unsafe sqlite3_extended_errcode(connection)
        let words = unsafe String(cString: sqlite3_errmsg(connection))
        let kind: Kind =
            switch code & 0xff {
            case SQLITE_CORRUPT: .damaged
            case SQLITE_NOTADB: .foreign
            case SQLITE_CONSTRAINT: .conflict
            default: .refused
            }
        self.init(operation, kind: kind, description: "\(path): \(words) (SQLite code \(code))")
    }
}
