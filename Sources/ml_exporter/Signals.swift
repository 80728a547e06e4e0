internal import Glibc

/// The signals that the daemon answers to, waited for by `main` alone.
struct Signals: ~Copyable {
    enum Event {
        case stop(Int32)
        case reload
        case timeout
    }

    private var set = sigset_t()

    /// Lets SIGHUP end the process, for commands that do not wait for it: the process starts with it blocked
    /// (`CLinux`), so that a reload does not end a daemon that is starting.
    static func unblockHangup() {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGHUP)
        unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    /// Blocks the signals for this thread and those it starts; called before any is started.
    init() {
        unsafe sigemptyset(&set)
        for signal in [SIGTERM, SIGINT, SIGHUP, SIGPIPE] { unsafe sigaddset(&set, signal) }
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Waits for the next signal, at most `timeoutNanoseconds` when given.
    mutating func next(within timeoutNanoseconds: UInt64?) -> Event {
        while true {
            let signal: Int32
            if let timeoutNanoseconds {
                var limit = timespec()
                limit.tv_sec = Int(timeoutNanoseconds / 1_000_000_000)
                limit.tv_nsec = Int(timeoutNanoseconds % 1_000_000_000)
                signal = unsafe sigtimedwait(&set, nil, &limit)
                if signal < 0, errno == EAGAIN { return .timeout }
            } else {
                signal = unsafe sigwaitinfo(&set, nil)
            }
            switch signal {
            case SIGTERM, SIGINT: return .stop(signal)
            case SIGHUP: return .reload
            default: continue
            }
        }
    }
}
