/// The origin of a push: the key of gauges that are summed over producers, and the process at the
/// other end of the Unix socket.
package struct Sender: Sendable, Equatable {
    /// A process behind the Unix socket.
    package struct Process: Sendable, Equatable {
        package let pid: Int32
        /// In clock ticks since boot (proc_pid_stat(5), field 22): distinguishes it from a later
        /// process with the same pid.
        package let startTicks: UInt64

        package init(pid: Int32, startTicks: UInt64) {
            self.pid = pid
            self.startTicks = startTicks
        }

        /// 2^41 ticks of 10 ms are 697 years.
        static let ticksMask: UInt64 = 1 << 41 - 1
        /// pid_max is at most 2^22.
        static let pidMask: UInt64 = 1 << 22 - 1

        /// The process that a sender's number was made of; nil for numbers of other senders.
        package init?(number: UInt64) {
            guard number >> 63 == 1 else { return nil }
            pid = Int32(truncatingIfNeeded: number & Process.pidMask)
            startTicks = number >> 22 & Process.ticksMask
        }
    }

    /// Unique over the life of the storage. A producer with a `Producer-Id` has the number that
    /// `ProducerTable` gave it; others are numbered by process or by connection.
    package let number: UInt64
    package let process: Process?

    /// Without a process and without a connection, as in tests.
    package static let anonymous = Sender(number: 0, process: nil)

    /// A process without a `Producer-Id`. The highest bit distinguishes its number from those that
    /// `ProducerTable` gives.
    package init(_ process: Process) {
        number =
            1 << 63 | (process.startTicks & Process.ticksMask) << 22
            | UInt64(UInt32(bitPattern: process.pid)) & Process.pidMask
        self.process = process
    }

    /// A TCP connection without a `Producer-Id`. `connection` is unique over the life of the
    /// storage; bit 62 distinguishes it from processes and from `ProducerTable`'s numbers.
    package init(connection: UInt64) {
        number = 1 << 62 | (connection & (1 << 62 - 1))
        process = nil
    }

    package init(number: UInt64, process: Process?) {
        self.number = number
        self.process = process
    }
}
