internal import Kernel
internal import Series

/// What a snapshot holds of one model or version: its bytes as they were when the snapshot was taken.
///
/// The thread that writes the snapshot makes them when it gets there. A push that changes the owner
/// before that makes them first, so that a commit waits for the owners that it touches and for no
/// other.
final class SnapshotPiece: Sendable {
    let leases: Leases
    /// When the snapshot was taken, in nanoseconds of the monotonic clock.
    let time: UInt64
    /// Nanoseconds from the owner's last push to `time`.
    let silence: UInt64
    /// `ModelState.rowsSinceTraining` at `time`.
    let rows: UInt64
    private let bytes = LockedValue<[UInt8]>([])

    init(_ leases: Leases, time: UInt64, lastPush: UInt64, rows: UInt64 = 0) {
        self.leases = leases
        self.time = time
        silence = time > lastPush ? time - lastPush : 0
        self.rows = rows
    }

    func fill(_ made: [UInt8]) {
        bytes.withLock { $0 = made }
    }

    /// Returns the bytes, which the piece does not keep.
    func take() -> [UInt8] {
        bytes.withLock { bytes in
            var taken: [UInt8] = []
            swap(&taken, &bytes)
            return taken
        }
    }
}
