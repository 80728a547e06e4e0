internal import Journal
internal import Kernel
package import Watch
internal import Wire

/// What became of giving a version a profile, or of taking it away.
package enum ProfileAnswer: Sendable, Equatable {
    /// It is durable.
    case done(WatchStore.Change)
    /// There are as many profiles as there may be.
    case limitReached(Int)
    /// The change was not made. `code` is the error code of the answer.
    case failed(code: String, detail: String)
}

/// A profile that is given to a version, or taken away, answered once it is durable.
///
/// The receiving thread hands it to the journal and does not use it afterwards.
final class ProfileSubmission: Submission, @unchecked Sendable {
    private let watch: WatchStore
    /// Nil to remove it.
    private let layout: Layout?
    private let model: String
    private let version: String
    private let origin: WatchStore.Origin
    private let clock: TimeSource
    private let respond: @Sendable (ProfileAnswer) -> Void
    /// What is known before anything is stored.
    private var result: ProfileAnswer?
    private var time = Timestamp.epoch

    init(
        _ layout: Layout?, model: String, version: String, from origin: WatchStore.Origin,
        in watch: WatchStore, clock: TimeSource,
        respond: @escaping @Sendable (ProfileAnswer) -> Void
    ) {
        self.watch = watch
        self.layout = layout
        self.model = model
        self.version = version
        self.origin = origin
        self.clock = clock
        self.respond = respond
    }

    /// Later pushes are counted against it.
    var isAlone: Bool { true }

    func decide() {
        time = clock.now
        let present = watch.profile(model: model, version: version, from: origin)
        if let layout {
            if present?.id == layout.id {
                result = .done(.unchanged)
            } else if !watch.allowsProfile(model: model, version: version) {
                result = .limitReached(watch.limits.profiles)
            }
        } else if present == nil {
            result = .done(.unknown)
        }
    }

    func encode(into record: inout ByteWriter) {
        if result != nil { return }
        record.begin(.profile, time: time)
        record.write(RecordSection.names)
        record.write(count: 2)
        record.write(model)
        record.write(version)
        record.write(RecordSection.profile)
        record.write(origin.rawValue)
        record.write(layout != nil)
        if let layout {
            let bytes = layout.canonical
            record.write(bytes.span)
        }
        record.endRecord()
    }

    func apply() {
        if result != nil { return }
        result = .done(watch.set(layout, model: model, version: version, from: origin))
    }

    func answer() {
        respond(result ?? .done(.unchanged))
    }

    func abort(_ error: StorageError) {
        respond(.failed(code: "storage_failed", detail: StorageAnswer.sentence(error)))
    }

    /// Answers a change that the journal did not accept.
    func refuse(_ error: StorageError) {
        respond(
            .failed(code: "storage_unavailable", detail: StorageAnswer.refusalSentence(error)))
    }
}
