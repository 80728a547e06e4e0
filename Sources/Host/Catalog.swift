internal import Kernel

/// Every collector there is, in the order of their names behind those that invite guests. Each area lists its own.
enum Catalog {
    /// A collector that can run: its switch on the command line and how it is made.
    struct Entry: Sendable {
        let name: String
        let runsByDefault: Bool
        /// It runs before all others, since guests come before a page's first family.
        let invitesGuests: Bool
        /// What it tells, for `--help`.
        let summary: String
        let make: @Sendable (CollectorResources, HostSettings) -> CollectorRunner

        /// `tryLock` names what the collector shares with another one; nil is nothing.
        init<Subject: Collector & ~Copyable>(
            _ type: Subject.Type, runsByDefault: Bool = true, invitesGuests: Bool = false,
            summary: String,
            tryLock: (@Sendable (CollectorResources) -> TryLock)? = nil,
            make: @escaping @Sendable (CollectorResources, HostSettings) -> Subject
        ) {
            name = type.name
            self.runsByDefault = runsByDefault
            self.invitesGuests = invitesGuests
            self.summary = summary
            self.make = { machine, settings in
                TypedCollectorRunner(
                    make(machine, settings), tryLock: tryLock?(machine) ?? TryLock())
            }
        }
    }

    static let entries: [Entry] =
        (processor + memory + storage + network + system + hardware + accelerator + controlGroup
        + textFiles)
        .sorted { ($0.invitesGuests ? "" : $0.name) < ($1.invitesGuests ? "" : $1.name) }
}

/// What collectors share.
struct CollectorResources {
    let roots: FilesystemRoots
    /// /proc/stat, read once per scrape for all who need it.
    let statistics: ProcStat
    /// Who reads `statistics`.
    let statisticsTurn = TryLock()
    /// Whether devices have come or gone.
    let events: DeviceEvents

    init(_ roots: FilesystemRoots) {
        self.roots = roots
        statistics = ProcStat(roots)
        events = DeviceEvents(roots)
    }
}
