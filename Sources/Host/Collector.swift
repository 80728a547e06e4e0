package import Exposition
package import Kernel

/// Reads one subject of the machine and writes its families.
///
/// Every collector follows the same pattern: it reads a file (or makes a call), a pure `parse` turns
/// the bytes into rows whose labels are rendered once, and the rows are written. A malformed line is
/// skipped and counted; only a subject that cannot be read at all throws.
package protocol Collector: ~Copyable, SendableMetatype {
    /// The name in flags, in `collect[]` and in the label `collector`.
    static var name: String { get }

    /// Writes the families. What was written before an error stays on the page.
    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
}

/// What all collectors of one scrape share.
package struct CollectionContext: ~Copyable {
    /// No two scrapes have the same, so that collectors that share a file read it once.
    package internal(set) var number: UInt64 = 0
    /// When the page must be ready, on the monotonic clock: a collector must not wait longer.
    package internal(set) var deadlineNanoseconds: UInt64 = .max
    /// Lines that the running collector skipped as malformed.
    package var skippedLines = 0
    /// Counters of the running collector that decreased and were kept at their previous value.
    package var heldCounters = 0
    /// Whether the running collector found that the machine lacks its subject. An error that it
    /// throws then is not a failure.
    package var isAbsent = false
    /// Families of the running collector that are merged into the page by name, after all owners have
    /// written. The index may have a series twice.
    package var mergedFamilies: FamilyIndex?
    /// Samples in `mergedFamilies`.
    package var mergedSamples = 0
    /// Warnings of the running collector for the log, which it repeats only when they change.
    package private(set) var warnings: [String] = []
    /// A buffer into which collectors read files.
    package var text = Buffer(capacity: 64 << 10)

    package init() {}

    /// Adds a warning for the log that is not a failure of the collector.
    mutating func warn(_ sentence: String) {
        warnings.append(sentence)
    }

    /// Prepares for the next collector.
    mutating func begin() {
        (skippedLines, heldCounters, isAbsent) = (0, 0, false)
        (mergedFamilies, mergedSamples) = (nil, 0)
        warnings.removeAll(keepingCapacity: true)
    }

    /// Reads a file into `text`. Of one beyond its limit the rest is dropped and counts as a skipped
    /// line.
    package mutating func read(_ file: inout KernelFile) throws(KernelError) {
        if try file.read(into: &text) {
            skippedLines += 1
            text.truncate(to: text.bytes.lastOffset(of: 0x0A).map { $0 + 1 } ?? 0)
        }
    }

    /// Like `read`, of a file that always has lines: an empty one counts as a skipped line.
    mutating func read(lines file: inout KernelFile) throws(KernelError) {
        try read(&file)
        if text.bytes.isEmpty { skippedLines += 1 }
    }

    /// Reads the file that is the collector's whole subject. If it does not exist, the collector is
    /// absent.
    mutating func read(subject file: inout KernelFile) throws(KernelError) {
        do throws(KernelError) {
            try read(&file)
        } catch {
            isAbsent = error.isAbsence
            throw error
        }
    }
}
