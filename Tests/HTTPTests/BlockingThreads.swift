import Kernel
import Testing

/// Runs tests that wait in system calls on threads of their own.
///
/// Swift's cooperative pool has one thread per core. A test that sleeps in poll(2) holds one of
/// them, and on two cores all tests of the package then waited for the deadlines of this module.
struct BlockingThreads: SuiteTrait, TestTrait, TestScoping {
    let isRecursive = true

    func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(ThreadExecutor.shared) { try await function() }
    }
}

extension Trait where Self == BlockingThreads {
    static var blockingThreads: BlockingThreads { BlockingThreads() }
}

/// Runs jobs on at most `limit` threads; each thread ends when no job waits.
final class ThreadExecutor: TaskExecutor {
    static let shared = ThreadExecutor()

    /// More threads than that compete with the clients' and the servers' for two cores, and the
    /// deadlines that the tests set are some hundred milliseconds.
    private static let limit = 8

    private struct State {
        var waiting: [UnownedJob] = []
        var threads = 0
    }

    private let state = LockedValue(State())

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let needsThread = state.withLock { state in
            state.waiting.append(job)
            if state.threads == ThreadExecutor.limit { return false }
            state.threads += 1
            return true
        }
        guard needsThread else { return }
        do {
            try Worker("test") { self.run() }.detach()
        } catch {
            fatalError("\(error)")
        }
    }

    private func run() {
        while true {
            let next = state.withLock { state -> UnownedJob? in
                if state.waiting.isEmpty {
                    state.threads -= 1
                    return nil
                }
                return state.waiting.removeFirst()
            }
            guard let next else { return }
            unsafe next.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
