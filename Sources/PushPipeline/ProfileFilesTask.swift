internal import Journal
internal import Kernel
internal import Profiles
internal import Watch

/// Brings the profiles of the settings file into force, once the stored state has been read: those that are
/// new or have changed are journalled, those that are no longer listed are removed.
final class ProfileFilesTask: ScheduledTask {
    private static let pause = Duration.milliseconds(250)

    private let watch: WatchStore
    private let journal: any SubmissionJournal
    private let clock: TimeSource
    private let state = LockedValue(State())

    private struct State {
        /// Nil when nothing is left to be done.
        var wanted: [Layout]?
        /// On the monotonic clock.
        var earliest: UInt64 = 0
    }

    init(of watch: WatchStore, journal: any SubmissionJournal, clock: TimeSource) {
        self.watch = watch
        self.journal = journal
        self.clock = clock
    }

    /// These are the profiles of the settings file from now on.
    func want(_ profiles: [Layout]) {
        state.withLock { $0 = State(wanted: profiles, earliest: 0) }
    }

    func nextDue() -> UInt64 {
        state.withLock { $0.wanted == nil ? .max : $0.earliest }
    }

    func run(at now: Timestamp) {
        guard let wanted = state.withLock({ $0.wanted }) else { return }
        state.withLock { state in
            state.earliest = now.monotonicNanoseconds &+ ProfileFilesTask.pause.nanoseconds
        }
        guard journal.isReady else { return }
        let changes = changes(wanted)
        if changes.isEmpty {
            state.withLock { state in
                // Others may have come meanwhile.
                if state.wanted?.elementsEqual(wanted, by: { $0 === $1 }) == true {
                    state.wanted = nil
                }
            }
        }
        for change in changes {
            let submission = ProfileSubmission(
                change.layout, model: change.model, version: change.version, from: .file,
                in: watch, clock: clock
            ) { _ in }
            if journal.submit(submission) != nil { return }
        }
    }

    private func changes(
        _ wanted: [Layout]
    ) -> [(model: String, version: String, layout: Layout?)] {
        let present = watch.ofFiles
        var changes: [(model: String, version: String, layout: Layout?)] = []
        for known in present
        where !wanted.contains(where: {
            $0.profile.model == known.model && $0.profile.modelVersion == known.version
        }) {
            changes.append((known.model, known.version, nil))
        }
        for layout in wanted {
            let (model, version) = (layout.profile.model, layout.profile.modelVersion)
            let isKnown = present.contains {
                $0.model == model && $0.version == version && $0.id == layout.id
            }
            if !isKnown, watch.allowsProfile(model: model, version: version) {
                changes.append((model, version, layout))
            }
        }
        return changes
    }
}
