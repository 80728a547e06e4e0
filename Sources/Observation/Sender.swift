/// Who pushes, as Model needs to know: for gauges that are summed over producers, and for the
/// process behind the Unix socket.
package struct Sender: Sendable, Equatable {
    /// A process behind the Unix socket.
    package struct Process: Sendable, Equatable {
        package let pid: Int32
        /// In clock ticks since boot (proc_pid_stat(5), field 22): tells it from a later process
        /// with the same pid.
        package let startTicks: UInt64

        package init(pid: Int32, startTicks: UInt64) {
            self.pid = pid
            self.startTicks = startTicks
        }
    }

    /// Never given to another producer while this daemon runs. 0 is everybody who pushes over TCP
    /// without saying who.
    package let number: UInt64
    package let process: Process?

    package static let anonymous = Sender(number: 0, process: nil)

    package init(number: UInt64, process: Process?) {
        self.number = number
        self.process = process
    }
}
