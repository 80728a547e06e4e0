package import Kernel
internal import Synchronization

/// Work that is due at a time of its own.
package protocol ScheduledTask: Sendable {
    /// When the work is due next, on the monotonic clock in nanoseconds; the maximum for never.
    func nextDue() -> UInt64

    /// Does, or starts, what is due at `now`. It must not wait for a disk.
    func run(at now: Timestamp)
}

/// One thread, "timer", that runs everything that is due by time: expiry, snapshots, checks of the
/// storage files. `start` starts it and `stop` ends it.
package final class Scheduler: Sendable {
    private let tasks: [any ScheduledTask]
    private let clock: TimeSource
    private let wakeup: EventFD
    private let isStopping = Atomic<Bool>(false)
    /// When the thread wakes by itself, on the monotonic clock.
    private let nextWake = Atomic<UInt64>(0)
    private let thread = LockedValue<Thread>(Thread())

    private struct Thread: ~Copyable {
        var worker: Worker?
    }

    package init(_ tasks: [any ScheduledTask], clock: TimeSource) throws(KernelError) {
        self.tasks = tasks
        self.clock = clock
        wakeup = try EventFD()
    }

    package func start() throws(KernelError) {
        try thread.withLock { thread throws(KernelError) in
            thread.worker = try Worker("timer") { self.run() }
        }
    }

    /// Ends the thread and waits for it.
    package func stop() {
        isStopping.store(true, ordering: .relaxed)
        wakeup.signal()
        thread.withLock { thread in
            if let worker = thread.worker.take() { worker.join() }
        }
    }

    /// Wakes the thread if it would otherwise sleep beyond `due`, a time on the monotonic clock.
    package func reschedule(_ due: UInt64) {
        if due < nextWake.load(ordering: .relaxed) { wakeup.signal() }
    }

    private func run() {
        while !isStopping.load(ordering: .relaxed) {
            let now = clock.now
            for task in tasks where task.nextDue() <= now.monotonicNanoseconds {
                task.run(at: now)
            }
            let due = tasks.reduce(UInt64.max) { min($0, $1.nextDue()) }
            nextWake.store(due, ordering: .relaxed)
            if due == .max {
                wakeup.wait()
            } else {
                let now = clock.now.monotonicNanoseconds
                let pause = max(due > now ? due - now : 0, Scheduler.shortestPause)
                wakeup.wait(atMost: .nanoseconds(Int64(clamping: pause)))
            }
            nextWake.store(0, ordering: .relaxed)
        }
    }

    /// Nanoseconds between two runs at least: a task whose work fails stays due.
    private static let shortestPause: UInt64 = 10_000_000
}
