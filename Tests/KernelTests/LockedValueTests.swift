import Kernel
import Testing

@Suite struct GuardedTests {
    private final class Tally: Sendable {
        let counts = LockedValue<[Int: Int]>([:])
    }

    @Test func `no addition of four threads is lost`() throws {
        let tally = Tally()
        let workers = try (0..<4).map { _ in
            try Joined {
                for number in 0..<5000 { tally.counts.withLock { $0[number % 7, default: 0] += 1 } }
            }
        }
        for worker in workers { worker.join() }
        #expect(tally.counts.withLock { $0.values.reduce(0, +) } == 20_000)
    }

    @Test func `an error leaves the value free`() {
        let tally = Tally()
        #expect(throws: KernelError(1, subject: "inside")) {
            try tally.counts.withLock { _ in throw KernelError(1, subject: "inside") }
        }
        #expect(tally.counts.withLock { $0.isEmpty })
    }

    /// A thread that can stand in an array.
    private final class Joined {
        private var worker: Worker?

        init(_ body: @escaping @Sendable () -> Void) throws {
            worker = try Worker("guarded-test", body: body)
        }

        func join() {
            worker.take()?.join()
        }
    }
}
