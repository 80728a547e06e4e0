internal import CLinux
internal import Glibc

/// A thread of the operating system with a name of its own.
package struct Worker: ~Copyable, @unchecked Sendable {
    // A pthread_t is a number that pthread_join alone gives meaning to.
    private let thread: pthread_t

    /// Starts `body` on a new thread. `name` shows in `top -H`; 15 bytes of it are kept.
    package init(
        _ name: String, body: @escaping @Sendable () -> Void
    ) throws(KernelError) {
        let job = unsafe Unmanaged.passRetained(Job(name: name, body: body))
        var thread = pthread_t()
        let code = unsafe pthread_create(&thread, nil, { unsafe runJob($0) }, job.toOpaque())
        if code != 0 {
            unsafe job.release()
            throw KernelError(code, subject: "pthread_create \(name)")
        }
        self.thread = thread
    }

    /// Waits until the thread's body has returned.
    package consuming func join() {
        pthread_join(thread, nil)
    }

    /// Leaves the thread alone: nobody will wait for it.
    package consuming func detach() {
        pthread_detach(thread)
    }
}

private final class Job: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func runJob(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let pointer = unsafe pointer else { return nil }
    let job = unsafe Unmanaged<Job>.fromOpaque(pointer).takeRetainedValue()
    unsafe clinux_name_thread(job.name)
    job.body()
    return nil
}
