internal import Exposition
internal import Glibc
internal import Kernel

/// How long tasks have waited for CPU, I/O, memory and interrupts: /proc/pressure
/// (Documentation/accounting/psi.rst).
struct Pressure: Collector, ~Copyable {
    static var name: String { "pressure" }

    /// One file, and the lines of it that are shown.
    private final class Resource {
        var file: KernelFile
        let some: UnlabelledMetric?
        let full: UnlabelledMetric?

        init(
            _ root: Root, name: String, some: UnlabelledMetric? = nil,
            full: UnlabelledMetric? = nil
        ) {
            file = root.file("pressure/\(name)", isOneRecord: true)
            self.some = some
            self.full = full
        }
    }

    private let resources: [Resource]

    init(_ roots: FilesystemRoots) {
        func counter(_ name: String, help: String) -> UnlabelledMetric {
            UnlabelledMetric("node_pressure_\(name)_seconds_total", kind: .counter, help: help)
        }
        resources = [
            // `full` is not defined for the CPU at system level.
            Resource(
                roots.proc, name: "cpu",
                some: counter(
                    "cpu_waiting",
                    help: "Total time in seconds that processes have waited for CPU time")),
            Resource(
                roots.proc, name: "io",
                some: counter(
                    "io_waiting",
                    help: "Total time in seconds that processes have waited due to IO congestion"),
                full: counter(
                    "io_stalled",
                    help:
                        "Total time in seconds no process could make progress due to IO congestion")
            ),
            Resource(
                roots.proc, name: "memory",
                some: counter(
                    "memory_waiting",
                    help: "Total time in seconds that processes have waited for memory"),
                full: counter(
                    "memory_stalled",
                    help:
                        "Total time in seconds no process could make progress due to memory congestion"
                )),
            Resource(
                roots.proc, name: "irq",
                full: counter(
                    "irq_stalled",
                    help:
                        "Total time in seconds no process could make progress due to IRQ congestion"
                )),
        ]
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        var failure: KernelError?
        var missing = 0
        for resource in resources {
            do throws(KernelError) {
                try scrape.read(&resource.file)
            } catch {
                // Older kernels lack some or all, and psi=0 switches them off.
                if error.isAbsence || error.code == EOPNOTSUPP { missing += 1 }
                failure = error
                continue
            }
            let totals = Pressure.totals(scrape.text.bytes)
            scrape.skippedLines += totals.skipped
            scrape.skippedLines += Pressure.write(totals.some, single: resource.some, to: &page)
            scrape.skippedLines += Pressure.write(totals.full, single: resource.full, to: &page)
        }
        scrape.isAbsent = missing == resources.count
        if let failure, scrape.isAbsent || !failure.isAbsence { throw failure }
    }

    /// Returns how many lines are missing.
    private static func write(
        _ microseconds: UInt64?, single: UnlabelledMetric?, to page: inout Page
    ) -> Int {
        guard let single else { return 0 }
        guard let microseconds else { return 1 }
        page.single(single, value: Double(microseconds) / 1e6)
        return 0
    }

    /// The totals, in microseconds, of the lines `some avg10=0.00 ... total=7` and `full ...`.
    static func totals(_ text: Span<UInt8>) -> (some: UInt64?, full: UInt64?, skipped: Int) {
        var (some, full): (UInt64?, UInt64?)
        var skipped = 0
        var lines = Cursor(text)
        while var line = lines.line() {
            guard let kind = line.word(), let total = total(&line) else {
                skipped += 1
                continue
            }
            if kind.equals("some") {
                some = total
            } else if kind.equals("full") {
                full = total
            } else {
                skipped += 1
            }
        }
        return (some, full, skipped)
    }

    private static func total(_ line: inout Cursor) -> UInt64? {
        while let word = line.word() {
            var pair = Cursor(word)
            if pair.take("total=") { return pair.rest.unsigned }
        }
        return nil
    }
}
