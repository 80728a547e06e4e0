internal import Glibc
internal import Kernel

/// Reads a storage folder as a start of the daemon would, and leaves everything as it is: also
/// beside a daemon that works on it.
package struct StorageReader<State: JournalState> {
    /// How often the folder is read again because a daemon has changed it meanwhile.
    private static var attempts: Int { 3 }

    let path: String
    let isThorough: Bool
    private let makeState: () -> State
    let kind: (Span<UInt8>) -> String

    /// `isThorough` lets SQLite check its files and also follows the way that a start takes when the
    /// latest snapshot is damaged. `makeState` makes an empty state; `kind` returns the kind of a record.
    package init(
        _ path: String, isThorough: Bool, makeState: @escaping () -> State,
        kind: @escaping (Span<UInt8>) -> String
    ) {
        self.path = path
        self.isThorough = isThorough
        self.makeState = makeState
        self.kind = kind
    }

    /// What there is, and the state that a start leads to. Throws when there is no such folder, or
    /// when a later release wrote it.
    package func read() throws(StorageError) -> (view: StorageView, state: State) {
        var attempt = 1
        StorageDirectory.followClock(path)
        while true {
            let before = try footprint()
            let result = pass(isClaimed: before.isClaimed)
            // What a daemon changes between two looks is no damage.
            if attempt < StorageReader.attempts, try footprint() != before {
                switch result {
                case .success(let found) where found.view.isSound: return found
                default: attempt += 1
                }
                continue
            }
            return try result.get()
        }
    }

    // MARK: The folder

    /// Detects whether files have been replaced while they were read.
    private struct Footprint: Equatable {
        var isClaimed = false
        var nodes: [UInt64] = []
    }

    private func footprint() throws(StorageError) -> Footprint {
        var folder = stat()
        guard unsafe stat(path, &folder) == 0 else { throw StorageError(.open, error: .last(path)) }
        guard folder.st_mode & S_IFMT == S_IFDIR else {
            throw StorageError(.open, error: KernelError("not a directory", subject: path))
        }
        var footprint = Footprint(isClaimed: StorageDirectory.isClaimed(path))
        for name in [Snapshot.name, Snapshot.formerName, RecordFile.name] {
            var file = stat()
            let isThere = unsafe stat("\(path)/\(name)", &file) == 0
            footprint.nodes.append(isThere ? UInt64(file.st_ino) : 0)
        }
        return footprint
    }

    /// Reads everything once.
    private func pass(
        isClaimed: Bool
    ) -> Result<(view: StorageView, state: State), StorageError> {
        var options = Recovery.Options()
        options.isThorough = isThorough
        options.isClaimed = isClaimed
        options.kind = kind
        var recovery = Recovery(path, options: options)
        let state = makeState()
        do throws(StorageError) {
            try recovery.run(into: state, other: isThorough ? makeState() : nil)
            return .success((recovery.view, state))
        } catch {
            return .failure(error)
        }
    }
}
