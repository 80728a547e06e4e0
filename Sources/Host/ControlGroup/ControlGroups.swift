internal import Exposition
internal import Glibc
internal import Kernel
internal import Settings

/// Services as cgroup v2 sees them: what they use, what they may use and what they wait for.
struct ControlGroups: Collector, ~Copyable {
    static var name: String { "cgroup" }

    /// How often the hierarchy is searched for new groups; a removed group is noticed immediately.
    static let walkPeriod = Duration.seconds(30)

    /// A file of a group and how it is read.
    private enum Source: Int, CaseIterable {
        case cpu, cpuLimit, memory, memoryPeak, memoryLimit, memoryHigh, memoryEvents, swap,
            swapLimit, io, pids, pidsLimit, cpuPressure, memoryPressure, ioPressure

        var file: String {
            switch self {
            case .cpu: "cpu.stat"
            case .cpuLimit: "cpu.max"
            case .memory: "memory.current"
            case .memoryPeak: "memory.peak"
            case .memoryLimit: "memory.max"
            case .memoryHigh: "memory.high"
            case .memoryEvents: "memory.events"
            case .swap: "memory.swap.current"
            case .swapLimit: "memory.swap.max"
            case .io: "io.stat"
            case .pids: "pids.current"
            case .pidsLimit: "pids.max"
            case .cpuPressure: "cpu.pressure"
            case .memoryPressure: "memory.pressure"
            case .ioPressure: "io.pressure"
            }
        }
    }

    private final class Group {
        let name: [UInt8]
        private let files: [Open]
        /// What the group or the kernel does not have, until the next walk.
        private var missing: Set<Source> = []

        init(name: String, folder: String) {
            self.name = Array(name.utf8)
            files = Source.allCases.map { source in
                Open(KernelFile(path: "\(folder)/\(source.file)", isOneRecord: true))
            }
        }

        func lookAgain() {
            missing.removeAll(keepingCapacity: true)
        }

        /// Reads a file into `scrape.text`. Returns whether it is there; throws when the group is not.
        func read(_ source: Source, scrape: inout CollectionContext) throws(KernelError) -> Bool {
            if missing.contains(source) { return false }
            let open = files[source.rawValue]
            let wasOpen = open.file.isOpen
            do throws(KernelError) {
                do throws(KernelError) {
                    try scrape.read(&open.file)
                } catch {
                    // A service that was restarted has another group under the same path.
                    guard wasOpen, error.isAbsence else { throw error }
                    try scrape.read(&open.file)
                }
                return true
            } catch {
                // Every group has this one.
                if error.isAbsence, source == .cpu { throw error }
                if error.isAbsence || [EACCES, EPERM, EOPNOTSUPP].contains(error.code) {
                    missing.insert(source)
                }
                return false
            }
        }
    }

    /// A file that stays open.
    private final class Open {
        var file: KernelFile

        init(_ file: consuming KernelFile) {
            self.file = file
        }
    }

    private let sys: Root
    private let settings: ControlGroupSettings
    private var groups: [Group] = []
    private var rows: ControlGroupRows
    private var nextWalk: UInt64 = 0
    private var isThere = false
    private var beyondLimit: UInt64 = 0
    private var notWalked: UInt64 = 0
    private let dropped: Family
    private let droppedByLimit: Series
    private let droppedByWalk: Series

    init(_ roots: FilesystemRoots, settings: ControlGroupSettings) {
        sys = roots.sys
        self.settings = settings
        rows = ControlGroupRows(limit: settings.limit)
        dropped = Family(
            "ml_cgroup_dropped_total", kind: .counter,
            help: "Control groups skipped because they were too many or too deep.")
        droppedByLimit = Series(dropped, labels: LabelSet([("reason", "limit")]))
        droppedByWalk = Series(dropped, labels: LabelSet([("reason", "walk")]))
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        let now = Clock.monotonicNanoseconds
        if now >= nextWalk {
            walk()
            nextWalk = now &+ ControlGroups.walkPeriod.nanoseconds
        }
        scrape.isAbsent = !isThere
        if !isThere { return }
        rows.begin()
        for group in groups { read(group, scrape: &scrape) }
        rows.end()
        rows.write(to: &page)
        page.begin(dropped)
        page.sample(droppedByLimit, value: Double(beyondLimit))
        page.sample(droppedByWalk, value: Double(notWalked))
    }

    private mutating func walk() {
        let tree = ControlGroupTree(sys)
        isThere = tree != nil
        guard let tree else {
            groups = []
            return
        }
        let walk = tree.walk(settings.filter, limit: settings.limit)
        beyondLimit &+= walk.beyondLimit
        notWalked &+= walk.notWalked
        var known: [[UInt8]: Group] = [:]
        for group in groups { known[group.name] = group }
        groups = walk.groups.map { name in
            known[Array(name.utf8)]
                ?? Group(
                    name: name,
                    folder: name == "/" ? tree.root.path : tree.root.path(of: name))
        }
        for group in groups { group.lookAgain() }
    }

    private mutating func read(_ group: Group, scrape: inout CollectionContext) {
        var row: Int?
        for source in Source.allCases {
            do throws(KernelError) {
                guard try group.read(source, scrape: &scrape) else { continue }
            } catch {
                nextWalk = 0
                return
            }
            row = row ?? rows.row(group.name)
            guard let row else { return }
            scrape.skippedLines += parse(source, text: scrape.text.bytes, of: group.name, in: row)
        }
    }

    private mutating func parse(
        _ source: Source, text: Span<UInt8>, of group: [UInt8], in row: Int
    ) -> Int {
        switch source {
        case .cpu: rows.parseProcessor(text, in: row)
        case .cpuLimit: rows.parseProcessorLimit(text, in: row)
        case .memory: rows.parseNumber(text, column: .memoryCurrent, in: row)
        case .memoryPeak: rows.parseNumber(text, column: .memoryPeak, in: row)
        case .memoryLimit: rows.parseNumber(text, column: .memoryLimit, in: row)
        case .memoryHigh: rows.parseNumber(text, column: .memoryHigh, in: row)
        case .memoryEvents: rows.parseEvents(text, in: row)
        case .swap: rows.parseNumber(text, column: .swapCurrent, in: row)
        case .swapLimit: rows.parseNumber(text, column: .swapLimit, in: row)
        case .pids: rows.parseNumber(text, column: .pids, in: row)
        case .pidsLimit: rows.parseNumber(text, column: .pidsLimit, in: row)
        case .cpuPressure:
            rows.parsePressure(text, waiting: .cpuWaiting, stalled: .cpuStalled, in: row)
        case .memoryPressure:
            rows.parsePressure(text, waiting: .memoryWaiting, stalled: .memoryStalled, in: row)
        case .ioPressure:
            rows.parsePressure(text, waiting: .ioWaiting, stalled: .ioStalled, in: row)
        case .io:
            rows.parseTraffic(text, of: group) { [sys] numbers in
                ControlGroups.deviceName(numbers, sys: sys)
            }
        }
    }

    /// The name of a block device by its numbers, `8:0`; the numbers if sysfs has no name.
    private static func deviceName(_ numbers: [UInt8], sys: Root) -> String {
        let text = numbers.span.string
        guard let about = try? sys.attribute("dev/block/\(text)/uevent") else { return text }
        var lines = Cursor(about.span)
        while var line = lines.line() {
            if line.take("DEVNAME=") { return line.rest.trimmed.string }
        }
        return text
    }
}
