internal import CLinux
internal import Glibc
internal import Kernel

/// statfs(2) for one mount whose server may be unreachable. At most one call is active.
final class StatfsCall: Sendable {
    enum Answer {
        case space(clinux_space)
        case failed(Int32)
    }

    private struct State {
        var isUnderWay = false
        var answer: Answer?
    }

    /// Ends with 0.
    private let path: [UInt8]
    private let state = LockedValue(State())

    init(path: [UInt8]) {
        self.path = path
    }

    /// False when the call of an earlier scrape has not come back.
    func begin() -> Bool {
        state.withLock { state in
            if state.isUnderWay { return false }
            state = State(isUnderWay: true, answer: nil)
            return true
        }
    }

    /// Calls statfs(2), which does not return while a server is unreachable.
    func run() {
        let answer = StatfsCall.ask(path)
        state.withLock { $0 = State(isUnderWay: false, answer: answer) }
    }

    /// Undoes `begin` for a call that will not be made.
    func cancel() {
        state.withLock { $0.isUnderWay = false }
    }

    var isUnderWay: Bool { state.withLock { $0.isUnderWay } }

    /// What the last call answered, unless it is still under way.
    var answer: Answer? { state.withLock { $0.answer } }

    static func ask(_ path: [UInt8]) -> Answer {
        var about = clinux_space()
        let code = unsafe path.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return EFAULT }
            return unsafe clinux_space_at(start.assumingMemoryBound(to: CChar.self), &about)
        }
        return code == 0 ? .space(about) : .failed(code)
    }
}
