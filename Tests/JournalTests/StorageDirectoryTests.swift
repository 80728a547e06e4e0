import Glibc
import Kernel
import Scratch
import Testing

@testable import Journal

struct StorageDirectoryTests {
    /// A descriptor that holds the folder's lock.
    private func hold(_ folder: Folder) throws -> Int32 {
        let path = "\(folder.path)/\(StorageDirectory.lockName)"
        let lock = unsafe open(path, O_RDWR | O_CREAT, 0o600)
        try #require(lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0)
        return lock
    }

    @Test func `a folder whose lock is held is refused`() throws {
        let folder = try Folder()
        let lock = try hold(folder)
        let error = #expect(throws: StorageError.self) {
            _ = try StorageDirectory(folder.path, patience: .zero)
        }
        #expect(error?.kind == .taken)
        #expect(StorageDirectory.isClaimed(folder.path))
        close(lock)
        let claimed = try StorageDirectory(folder.path, patience: .zero)
        #expect(StorageDirectory.isClaimed(folder.path) && claimed.path == folder.path)
    }

    @Test func `a lock that is held for an instant is waited for`() throws {
        let folder = try Folder()
        let lock = try hold(folder)
        let worker = try Worker("release") {
            usleep(50_000)
            close(lock)
        }
        // A claim that did not wait would throw while the worker sleeps.
        _ = try StorageDirectory(folder.path, patience: .seconds(60))
        worker.join()
    }

    @Test func `only one of two claims of a folder holds`() throws {
        let folder = try Folder()
        var first: StorageDirectory? = try StorageDirectory(folder.path)
        let error = #expect(throws: StorageError.self) {
            _ = try StorageDirectory(folder.path, patience: .zero)
        }
        #expect(error?.kind == .taken && first != nil)
        first = nil
        _ = try StorageDirectory(folder.path, patience: .zero)
    }
}
