internal import Kernel

/// The kind and format version of a file of the journal, in the two numbers of SQLite's file header
/// that are reserved for applications (https://www.sqlite.org/fileformat2.html#application_id).
struct FileFormat {
    /// The format that this release writes; it reads all earlier ones. 1: records of fixed fields.
    /// 2: tagged records. 3: records of what has changed in a group, and a section for each version of a
    /// model. A release that knows only earlier formats refuses a file instead of skipping records.
    static let version: Int64 = 3

    static let records = FileFormat(applicationID: 0x6d6c_6a31)
    static let snapshot = FileFormat(applicationID: 0x6d6c_7331)

    let applicationID: Int64

    /// Whether the file is new and empty. Throws if another program or a later release wrote it.
    func isFresh(_ database: borrowing Database) throws(StorageError) -> Bool {
        let application = try database.integer("PRAGMA application_id", operation: .open)
        let version = try database.integer("PRAGMA user_version", operation: .open)
        if application == 0, version == 0,
            try database.integer("SELECT count(*) FROM sqlite_schema", operation: .open) == 0
        {
            return true
        }
        guard application == applicationID else {
            throw StorageError(
                .open, kind: .foreign,
                description: "\(database.path) is a database of another program")
        }
        guard version <= FileFormat.version else {
            throw StorageError(
                .open, kind: .newer,
                description:
                    "\(database.path) has format \(version), but this release reads formats up to "
                    + "\(FileFormat.version): start the release that wrote it, or a later one")
        }
        return false
    }

    /// Statements that set the kind and format of a new file.
    var marks: String {
        "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(FileFormat.version);"
    }
}
