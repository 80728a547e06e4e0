package import Groups
package import Intake
package import Journal
package import Kernel
package import Model
package import Observation
package import Watch

/// The one path of every change that clients push: decode, decide, commit, apply, answer.
///
/// The thread that received a request decodes it. The journal then decides, commits and applies one
/// change after the other: on its writer thread if there is storage, else on the receiving thread.
package final class PushPipeline: Sendable {
    package let groups: GroupStore
    package let models: Models
    package let events: EventIngestor
    package let journal: any SubmissionJournal
    /// The journal on the disk; nil with `--storage.path=none`.
    package let storage: Journal?
    let state: PersistedState
    let clock: TimeSource
    let handler: PushgatewayHandler
    /// Called for each histogram that starts at 0 because its bounds have changed.
    let noteReset: @Sendable (Models.Reset) -> Void
    private let expiry: ExpiryTask
    private let profileFiles: ProfileFilesTask
    private let scheduler: Scheduler

    /// How pushes are stored.
    package struct Storage: Sendable {
        package let path: String
        package var limits = JournalLimits()

        package init(path: String) {
            self.path = path
        }
    }

    /// Claims the storage folder if there is one. Throws if another daemon has claimed it.
    ///
    /// The stores must not expire anything by themselves. `report` receives messages about the
    /// storage for the log.
    package init(
        groups: GroupStore, models: Models, events: EventIngestor, storage: Storage?,
        clock: TimeSource = .system, noteReset: @escaping @Sendable (Models.Reset) -> Void,
        report: @escaping @Sendable (Journal.Note, String) -> Void
    ) throws(StorageError) {
        let state = PersistedState(
            groups: groups, models: models, producers: events.producers, clock: clock)
        self.groups = groups
        self.models = models
        self.events = events
        self.state = state
        self.clock = clock
        self.noteReset = noteReset
        handler = PushgatewayHandler(groups)
        var tasks: [any ScheduledTask] = []
        var retryInterval = JournalLimits().retryInterval
        if let storage {
            let journal = try Journal(
                storage.path, state: state, limits: storage.limits, report: report)
            self.storage = journal
            self.journal = journal
            tasks.append(journal)
            retryInterval = storage.limits.retryInterval
        } else {
            self.storage = nil
            journal = MemoryJournal()
        }
        expiry = ExpiryTask(of: state, journal: journal, retryInterval: retryInterval)
        profileFiles = ProfileFilesTask(of: models.watch, journal: journal, clock: clock)
        tasks += [
            expiry, profileFiles,
            EvaluationTask(of: models.watch, journal: journal, clock: clock),
            MemoryTrim {
                events.trim()
                models.trim()
            },
        ]
        do throws(KernelError) {
            scheduler = try Scheduler(tasks, clock: clock)
        } catch {
            throw StorageError(.open, kind: .refused, description: "\(error)")
        }
    }

    /// Starts the threads; submissions are accepted once the stored state has been read.
    package func start() throws(KernelError) {
        try storage?.start()
        try scheduler.start()
    }

    /// Ends the threads: waiting submissions are committed and a last snapshot is written. Returns
    /// false if the disk did not allow that before `deadline`, a time on the monotonic clock.
    package func stop(by deadline: UInt64) -> Bool {
        scheduler.stop()
        return storage?.stop(by: deadline) ?? true
    }

    // MARK: Pushes

    /// Decodes a push of events and submits it. `respond` is called once, on any thread.
    ///
    /// `key` is the result of parsing the idempotency headers; `sender` is the pushing process, used
    /// if the request has no such headers.
    package func submit(
        _ push: borrowing EventIngestor.Push,
        key: Result<IdempotencyKey?, IdempotencyKey.Problem>, from sender: Sender,
        respond: @escaping @Sendable (PushAnswer) -> Void
    ) {
        switch events.decode(push, key: key, from: sender) {
        case .answered(let answer): respond(answer)
        case .decoded(let decoded):
            let watch = models.watch
            let submission = EventSubmission(
                decoded, deltas: watch.isUsed ? watch.reduce(decoded.batch) : nil, of: self,
                respond: respond)
            if let error = journal.submit(submission) { submission.refuse(error) }
        }
    }

    /// Parses a request on one of the Pushgateway's paths and submits it. `respond` is called once,
    /// on any thread.
    package func submit(
        _ request: borrowing GroupRequest,
        key: Result<IdempotencyKey?, IdempotencyKey.Problem>,
        respond: @escaping @Sendable (GroupAnswer) -> Void
    ) {
        let known: IdempotencyKey?
        switch key {
        case .success(let key): known = key
        case .failure(let problem): return respond(GroupAnswer(400, sentence: problem.sentence))
        }
        let claim = ByteClaim(events.bodies)
        switch request.parse(with: handler, of: events, rendering: claim) {
        case .success(let parsed):
            let submission = GroupSubmission(
                parsed, key: known, claim: claim, of: self, respond: respond)
            if let error = journal.submit(submission) { submission.refuse(error) }
        case .failure(let refusal):
            respond(refuse(known, refusal: refusal))
        }
    }

    /// Called after groups have changed: one of them may expire before the timer wakes next.
    func scheduleExpiry() {
        scheduler.reschedule(groups.nextExpiry)
    }

    // MARK: Versions and producers

    /// Retires a version of a model. `respond` is called once, on any thread.
    package func retire(
        model: String, version: String, respond: @escaping @Sendable (ChangeAnswer) -> Void
    ) {
        let models = models
        submit(.retirement, names: [model, version], respond: respond) {
            models.retire(model: model, version: version)
        }
    }

    /// Removes a producer and what it reported of its state. `respond` is called once, on any
    /// thread.
    package func forget(
        producer: String, respond: @escaping @Sendable (ChangeAnswer) -> Void
    ) {
        let (models, producers) = (models, events.producers)
        submit(.producerRemoval, names: [producer], respond: respond) {
            guard let number = producers.forget(producer) else { return false }
            models.forget(producer: number)
            return true
        }
    }

    // MARK: Profiles

    /// Gives a version a profile, or takes it away if `layout` is nil. `respond` is called once, on any
    /// thread.
    package func setProfile(
        _ layout: Layout?, model: String, version: String,
        respond: @escaping @Sendable (ProfileAnswer) -> Void
    ) {
        let submission = ProfileSubmission(
            layout, model: model, version: version, from: .request, in: models.watch,
            clock: clock, respond: respond)
        if let error = journal.submit(submission) { submission.refuse(error) }
    }

    /// These are the profiles of the settings file from now on. They come into force once the stored state
    /// has been read.
    package func setProfiles(ofFiles profiles: [Layout]) {
        profileFiles.want(profiles)
        scheduler.reschedule(0)
    }

    private func submit(
        _ kind: RecordKind, names: [String],
        respond: @escaping @Sendable (ChangeAnswer) -> Void,
        change: @escaping @Sendable () -> Bool
    ) {
        let submission = ChangeSubmission(
            kind, names: names, time: clock.now, change: change, respond: respond)
        if let error = journal.submit(submission) { submission.refuse(error) }
    }
}
