package import Kernel

/// What a body from outside may take. What is beyond it is refused while it is read: a body of few
/// bytes can be many samples, and lines with an owner's long labels.
package struct ReadingLimits: Sendable {
    /// Samples.
    package var samples = Int.max
    /// Bytes of the rendered families (`RenderedFamily.byteCount`).
    package var bytes = Int.max
    /// Counts the memory of parsing; nil for no limit.
    package var parsing: ByteClaim?
    /// The CPU time for reading and rendering; nil for no limit.
    package var time: CPUAllowance?
    /// Counts the memory of the rendered families; nil for no limit.
    package var rendering: ByteClaim?

    package init() {}
}

/// The limit that a body has exceeded.
package enum ReadingLimit: Error, Sendable, Equatable {
    case samples, bytes
    /// The CPU time in seconds.
    case time(Double)
    case memory(ByteShortage)
}

extension ReadingLimit {
    /// For owners without a limit of their own.
    var sentence: String {
        switch self {
        case .samples: "too many samples"
        case .bytes: "the samples take too many bytes"
        case .time(let seconds): "reading takes more than \(seconds) s of CPU time"
        case .memory(.busy(let limit)), .memory(.tooLarge(let limit)):
            "reading takes more memory than \(limit) bytes"
        }
    }
}

/// The size of a batch while it is parsed.
struct ReadingSize {
    /// Memory is claimed in steps of this size, so that most samples cost a comparison.
    private static let step = 256 << 10

    private let limits: ReadingLimits
    private var time: CPUAllowance?
    private var claimed = 0

    init(_ limits: ReadingLimits) {
        self.limits = limits
        time = limits.time
    }

    /// Throws the limit that the batch exceeds.
    @inline(__always)
    mutating func check(_ batch: borrowing ParsedExposition) throws(ReadingLimit) {
        if batch.samples.count > limits.samples { throw .samples }
        if time?.isUsedUp() == true { throw .time(limits.time?.seconds ?? 0) }
        let bytes = batch.memoryBytes
        if bytes > claimed { try claim(bytes) }
    }

    private mutating func claim(_ bytes: Int) throws(ReadingLimit) {
        claimed = bytes + ReadingSize.step
        do throws(ByteShortage) {
            try limits.parsing?.grow(to: claimed)
        } catch {
            throw .memory(error)
        }
    }
}
