internal import Glibc
internal import Kernel

/// All that the records up to a position have led to, in sections that their owners understand.
package struct Snapshot: Sendable {
    /// Sections of one name. They are made one after the other while the snapshot is written, so that
    /// neither the writer waits for them nor all of them take memory at a time.
    package struct Part: Sendable {
        let name: String
        let count: Int
        let make: @Sendable (Int) -> [UInt8]?

        /// `make` makes the section with this number, from 0, as it was when the snapshot was taken; nil
        /// for no section. The keeper's thread calls it, once for each number, in ascending order.
        package init(
            _ name: String, count: Int = 1, make: @escaping @Sendable (Int) -> [UInt8]?
        ) {
            self.name = name
            self.count = count
            self.make = make
        }
    }

    /// The position of the last record that it holds.
    let position: Int64
    let parts: [Part]

    /// Bytes of sections after which the file is synced. Everything at its end would hold up the
    /// commits that are synced to the same disk meanwhile.
    private static let syncedBytes = 1 << 20
    static let name = "snapshot.db"
    static let formerName = "snapshot-former.db"
    private static let draftName = "snapshot-draft.db"

    /// Puts it in the place of the one before, which becomes the former one: should this one be
    /// damaged, the former and the records after it lead to the same.
    func write(in directory: StorageDirectory) throws(StorageError) {
        directory.remove(Snapshot.draftName)
        do throws(StorageError) {
            try writeDraft(in: directory)
            try directory.synchronize(file: Snapshot.draftName, operation: .snapshot)
            if directory.has(Snapshot.name) {
                try directory.rename(Snapshot.name, to: Snapshot.formerName, operation: .snapshot)
            }
            try directory.rename(Snapshot.draftName, to: Snapshot.name, operation: .snapshot)
            try directory.synchronize(.snapshot)
        } catch {
            directory.remove(Snapshot.draftName)
            throw StorageError(.snapshot, kind: error.kind, description: error.description)
        }
    }

    private func writeDraft(in directory: StorageDirectory) throws(StorageError) {
        let database = try Database(directory.file(Snapshot.draftName), access: .writing)
        // No rollback journal and no syncs by SQLite: nothing reads the draft before it is renamed, and
        // then all of it is synced.
        try database.execute(
            """
            PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1024;
            BEGIN;
            CREATE TABLE snapshot (position INTEGER NOT NULL, sections INTEGER NOT NULL) STRICT;
            CREATE TABLE section (
                number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum INTEGER NOT NULL,
                body BLOB NOT NULL
            ) STRICT;
            \(FileFormat.snapshot.marks)
            """, operation: .snapshot)
        let insert = try database.prepare(
            "INSERT INTO section VALUES (?1, ?2, ?3, ?4)", operation: .snapshot)
        var number: Int64 = 0
        var unsynced = 0
        for part in parts {
            for place in 0..<part.count {
                guard let body = part.make(place) else { continue }
                insert.bind(1, value: number)
                insert.bind(2, value: part.name)
                insert.bind(3, value: Checksum.of(body.span, at: number))
                try insert.run(4, bytes: body.span)
                number += 1
                unsynced += body.count
                if unsynced < Snapshot.syncedBytes { continue }
                unsynced = 0
                try database.execute("COMMIT", operation: .snapshot)
                try directory.synchronize(file: Snapshot.draftName, operation: .snapshot)
                try database.execute("BEGIN", operation: .snapshot)
            }
        }
        let head = try database.prepare(
            "INSERT INTO snapshot VALUES (?1, ?2)", operation: .snapshot)
        head.bind(1, value: position)
        head.bind(2, value: number)
        try head.run()
        try database.execute("COMMIT", operation: .snapshot)
    }

    /// The position of the snapshot in that file.
    static func position(
        of name: String, at path: String
    ) throws(StorageError) -> Int64 {
        let file = "\(path)/\(name)"
        if unsafe access(file, F_OK) != 0 { return 0 }
        let database = try Database(file, access: .looking)
        if try FileFormat.snapshot.isFresh(database) { return 0 }
        return try database.integer("SELECT position FROM snapshot", operation: .open)
    }

    /// A section that was read from a file.
    struct Section {
        let name: String
        let body: [UInt8]
    }

    /// A section as it is stored in the file.
    struct StoredSection {
        let number: Int64
        let name: String
        let body: [UInt8]
        /// Whether the bytes are those that were written.
        let isSound: Bool
    }

    /// Gives each section to `body`, also those that are damaged. Returns the position of the last
    /// record that the snapshot holds, and how many sections it should have.
    static func read(
        _ database: borrowing Database, body: (StoredSection) -> Void
    ) throws(StorageError) -> (position: Int64, sections: Int) {
        if try FileFormat.snapshot.isFresh(database) {
            throw StorageError(.open, kind: .damaged, description: "\(database.path) is empty")
        }
        let position = try database.integer("SELECT position FROM snapshot", operation: .open)
        let count = try database.integer("SELECT sections FROM snapshot", operation: .open)
        let select = try database.prepare(
            "SELECT number, name, checksum, body FROM section ORDER BY number", operation: .open)
        while try select.step() {
            let number = select.integer(0)
            let bytes = select.bytes(3) { $0.copied }
            body(
                StoredSection(
                    number: number, name: select.text(1), body: bytes,
                    isSound: Checksum.of(bytes.span, at: number) == select.integer(2)))
        }
        return (position, Int(clamping: count))
    }
}
