internal import Kernel

/// All collectors. Each area lists its own in `Catalog+Area.swift`.
enum Catalog {
    /// A collector that can run: its switch on the command line and how it is made.
    struct Entry: Sendable {
        let name: String
        let runsByDefault: Bool
        /// The description in `--help`.
        let summary: String
        let make: @Sendable (CollectorResources, HostSettings) -> CollectorRunner

        /// `tryLock` names what the collector shares with another one; nil is nothing.
        init<Subject: Collector & ~Copyable>(
            _ type: Subject.Type, runsByDefault: Bool = true,
            summary: String,
            tryLock: (@Sendable (CollectorResources) -> TryLock)? = nil,
            make: @escaping @Sendable (CollectorResources, HostSettings) -> Subject
        ) {
            name = type.name
            self.runsByDefault = runsByDefault
            self.summary = summary
            self.make = { machine, settings in
                TypedCollectorRunner(
                    make(machine, settings), tryLock: tryLock?(machine) ?? TryLock())
            }
        }
    }

    /// In page order: the text files' own families come first, as in all releases so far, then the
    /// collectors sorted by name.
    static let entries: [Entry] =
        textFiles
        + (processor + memory + storage + network + system + hardware + accelerator + controlGroup)
        .sorted { $0.name < $1.name }
}

/// What collectors share.
struct CollectorResources {
    let roots: FilesystemRoots
    /// /proc/stat, read once per scrape for all who need it.
    let statistics: ProcStat
    /// Who reads `statistics`.
    let statisticsTurn = TryLock()
    /// Whether devices have been added or removed.
    let events: DeviceEvents

    init(_ roots: FilesystemRoots) {
        self.roots = roots
        statistics = ProcStat(roots)
        events = DeviceEvents(roots)
    }
}
