internal import Intake
internal import Journal
internal import Kernel
internal import Model
internal import Observation
internal import Watch
internal import Wire

/// A push of events, answered once it is durable.
///
/// The receiving thread hands it to the journal and does not use it afterwards.
final class EventSubmission: Submission, @unchecked Sendable {
    private let push: DecodedPush
    /// What the rows add to the watch.
    private var deltas: WatchDeltas?
    private let events: EventIngestor
    private let models: Models
    private let clock: TimeSource
    private let noteReset: @Sendable (Models.Reset) -> Void
    private let respond: @Sendable (PushAnswer) -> Void
    private var reservation: Reservation?
    private var result: PushAnswer?
    private var time = Timestamp.epoch

    init(
        _ push: DecodedPush, deltas: WatchDeltas?, of pipeline: PushPipeline,
        respond: @escaping @Sendable (PushAnswer) -> Void
    ) {
        self.push = push
        self.deltas = deltas
        events = pipeline.events
        models = pipeline.models
        clock = pipeline.clock
        noteReset = pipeline.noteReset
        self.respond = respond
    }

    var isAlone: Bool { false }

    func decide() {
        time = clock.now
        result = events.admit(push, at: time)
        if result != nil { return }
        reservation = models.reserve(
            push.batch, from: push.sender, at: time, deltas: deltas, outcome: &push.outcome)
        deltas = nil
    }

    func encode(into record: inout ByteWriter) {
        guard let reservation else { return }
        record.begin(.events, time: time)
        record.write(push.key, number: push.sender.number)
        record.write(RecordSection.batch)
        push.batch.write(to: &record)
        record.write(RecordSection.reservation)
        models.write(reservation, to: &record)
        record.endRecord()
    }

    func apply() {
        guard let reservation else { return }
        for reset in models.apply(push.batch, as: reservation) { noteReset(reset) }
        self.reservation = nil
        result = events.finish(push)
    }

    func answer() {
        end(result ?? StorageAnswer.refused(StorageError(.commit, kind: .refused, description: "")))
    }

    func abort(_ error: StorageError) {
        if reservation != nil, let key = push.key { events.producers.undo(key) }
        end(StorageAnswer.aborted(error))
    }

    /// Answers a push that the journal did not accept.
    func refuse(_ error: StorageError) {
        end(StorageAnswer.refused(error))
    }

    private func end(_ answer: PushAnswer) {
        events.release(push)
        respond(answer)
    }
}
