internal import Glibc
internal import Kernel

/// What a storage folder holds, found without changing anything.
package struct StorageView: Sendable {
    package struct File: Sendable, Equatable {
        package let name: String
        package let bytes: Int64
        /// The version of its format; nil for what is no readable file of the journal.
        package internal(set) var format: Int64?
    }

    /// How much there is of something.
    package struct Amount: Sendable, Equatable {
        package internal(set) var count = 0
        package internal(set) var bytes = 0

        mutating func add(_ bytes: Int) {
            count += 1
            self.bytes += bytes
        }
    }

    package struct SnapshotPart: Sendable {
        package let file: String
        /// The last record that it holds.
        package let position: Int64
        /// When it was written, in seconds since 1970.
        package let writtenSeconds: Int64
        /// Its sections by name.
        package internal(set) var sections: [String: Amount] = [:]
    }

    package struct Records: Sendable {
        package internal(set) var all = Amount()
        /// Those that a start applies, for they come after the snapshot.
        package internal(set) var replayed = Amount()
        /// By kind of record.
        package internal(set) var kinds: [String: Amount] = [:]
        /// The positions of the first and of the last record; nil if there are no records.
        package internal(set) var range: ClosedRange<Int64>?

        mutating func add(_ body: Span<UInt8>, at position: Int64, kind: String) {
            all.add(body.count)
            kinds[kind, default: Amount()].add(body.count)
            range = (range?.lowerBound ?? position)...position
        }
    }

    /// Something that is not as it was written.
    package struct Fault: Sendable, Equatable, CustomStringConvertible {
        /// The file, and where in it.
        package let place: String
        package let finding: String
        /// What a start of the daemon does with it.
        package let consequence: String

        package var description: String { "\(place): \(finding); \(consequence)" }
    }

    /// Faults that are listed one by one.
    package static let listedFaults = 1_000

    package let path: String
    /// Whether a daemon has claimed the folder.
    package internal(set) var isClaimed = false
    package internal(set) var files: [File] = []
    /// The latest, then the former.
    package internal(set) var snapshots: [SnapshotPart] = []
    /// Nil when there is no file of records that can be read.
    package internal(set) var records: Records?
    /// Sections of snapshots that the state has not understood.
    package internal(set) var unknownSections = 0
    package private(set) var faults: [Fault] = []
    /// Faults that came after those that are listed.
    package private(set) var unlistedFaults = 0

    init(_ path: String) {
        self.path = path
    }

    /// The files of a folder by name.
    package static func files(in path: String) throws(StorageError) -> [File] {
        var files: [File] = []
        do throws(KernelError) {
            let directory = try KernelDirectory(path: path)
            var scratch = Buffer(capacity: 32 << 10)
            try directory.eachName(&scratch) { name, _ in
                let name = name.string
                var file = stat()
                guard unsafe stat("\(path)/\(name)", &file) == 0 else { return }
                files.append(File(name: name, bytes: Int64(file.st_size)))
            }
        } catch {
            throw StorageError(.open, error: error)
        }
        return files.sorted { $0.name < $1.name }
    }

    /// Whether the folder holds no file of the storage.
    package var isEmpty: Bool { !files.contains { $0.name.contains(".db") } }

    /// Files that a daemon could not use and gave another name.
    package var filesSetAside: [File] { files.filter { $0.name.contains(".set-aside-") } }

    package var isSound: Bool { faults.isEmpty }

    /// Of all faults, listed or not.
    package var faultCount: Int { faults.count + unlistedFaults }

    mutating func addFault(_ place: String, finding: String, consequence: String) {
        guard faults.count < StorageView.listedFaults else {
            unlistedFaults += 1
            return
        }
        faults.append(Fault(place: place, finding: finding, consequence: consequence))
    }

    mutating func setFormat(_ format: Int64, of name: String) {
        guard let index = files.firstIndex(where: { $0.name == name }) else { return }
        files[index].format = format
    }
}
