internal import CLinux
internal import Glibc

/// A named POSIX thread.
package struct Worker: ~Copyable, @unchecked Sendable {
    // A pthread_t is used by pthread_join(3) and pthread_detach(3) only.
    private let thread: pthread_t

    /// Starts `body` on a new thread. `name` is shown by `top -H`; the kernel keeps 15 bytes of it.
    /// Throws the error of pthread_create(3).
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

    /// Detaches the thread: it is not joined.
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
