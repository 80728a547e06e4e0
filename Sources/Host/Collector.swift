package import Exposition
package import Kernel

/// One subject of the machine: reads what the kernel tells about it and writes its families.
///
/// The pattern of every collector: a file (or call) is read, a pure `parse` takes the bytes into
/// rows that are rendered once, and the rows are written. A line that is not what it should be
/// costs that line and is counted; only a subject that cannot be read at all throws.
package protocol Collector: ~Copyable, SendableMetatype {
    /// The name in flags, in `collect[]` and in the label `collector`.
    static var name: String { get }

    /// Writes what there is to tell. What was written before an error stays on the page.
    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
}

/// What all collectors of one scrape share.
package struct CollectionContext: ~Copyable {
    /// No two scrapes have the same, so that collectors that share a file read it once.
    package internal(set) var number: UInt64 = 0
    /// When the page must be ready, on the monotonic clock: nobody waits for anything longer.
    package internal(set) var deadlineNanoseconds: UInt64 = .max
    /// Lines that the running collector could not use.
    package var skippedLines = 0
    /// Counters of the running collector that fell and were kept at what they were.
    package var heldCounters = 0
    /// The running collector found that the machine lacks its subject: what it throws then is no
    /// failure.
    package var isAbsent = false
    /// Samples that the running collector has invited to the page's end.
    package var guestSamples = 0
    /// What the running collector has to say in the log, each thing once.
    package private(set) var notes: [String] = []
    /// Where files are read to.
    package var text = Buffer(capacity: 64 << 10)

    package init() {}

    /// Tells the owner of the machine something that is no failure of the collector.
    mutating func note(_ sentence: String) {
        notes.append(sentence)
    }

    /// Another collector runs from now on.
    mutating func begin() {
        (skippedLines, heldCounters, isAbsent, guestSamples) = (0, 0, false, 0)
        notes.removeAll(keepingCapacity: true)
    }

    /// Reads a file; one beyond its limit loses the rest, which counts as a skipped line.
    package mutating func read(_ file: inout KernelFile) throws(KernelError) {
        if try file.read(into: &text) {
            skippedLines += 1
            text.truncate(to: text.bytes.lastOffset(of: 0x0A).map { $0 + 1 } ?? 0)
        }
    }

    /// As `read`, of a file that is never without lines: an empty one counts as a skipped line.
    mutating func read(lines file: inout KernelFile) throws(KernelError) {
        try read(&file)
        if text.bytes.isEmpty { skippedLines += 1 }
    }

    /// Reads the file that is the collector's whole subject: without it the machine lacks that.
    mutating func read(subject file: inout KernelFile) throws(KernelError) {
        do throws(KernelError) {
            try read(&file)
        } catch {
            isAbsent = error.isAbsence
            throw error
        }
    }
}
