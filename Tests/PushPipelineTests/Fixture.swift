import Exposition
import Glibc
import Groups
import Intake
import Journal
import Kernel
import Model
import Observation
import PushPipeline
import Scratch
import Series

/// What one run of a daemon is configured with.
struct Settings: Sendable {
    var groups = GroupLimits()
    var series = SeriesLimits()
    var models = ModelSettings()
    var nativeHistograms = false
    var bodies = ByteBudget(limit: .max)
    var decoding = ByteBudget(limit: .max)
}

/// A clock that a test sets.
final class ManualClock: Sendable {
    private let time: LockedValue<Timestamp>

    init(_ time: Timestamp = .now) {
        self.time = LockedValue(time)
    }

    var source: TimeSource { TimeSource { self.time.withLock { $0 } } }

    func advance(_ seconds: Double) {
        time.withLock { time in
            time = Timestamp(
                unixSeconds: time.unixSeconds + seconds,
                monotonicNanoseconds: time.monotonicNanoseconds + UInt64(seconds * 1e9),
                persistentSeconds: time.persistentSeconds + seconds)
        }
    }
}

/// A pipeline with its stores, as the daemon builds it.
final class Run {
    let groups: GroupStore
    let models: Models
    let events: EventIngestor
    let pipeline: PushPipeline
    private let messages: Messages

    final class Messages: Sendable {
        let lines = LockedValue<[String]>([])
    }

    /// `folder` is the storage; nil for none.
    init(
        _ folder: Folder?, settings: Settings = Settings(), clock: TimeSource = .system,
        limits: JournalLimits = Run.limits
    ) throws {
        groups = GroupStore(settings.groups)
        models = Models(
            settings.series, settings: settings.models,
            nativeHistograms: settings.nativeHistograms, expiresItself: false)
        events = EventIngestor(
            producers: ProducerTable(expiresItself: false), bodies: settings.bodies,
            decoding: settings.decoding)
        let messages = Messages()
        self.messages = messages
        let storage = folder.map { folder in
            var storage = PushPipeline.Storage(path: folder.path)
            storage.limits = limits
            return storage
        }
        pipeline = try PushPipeline(
            groups: groups, models: models, events: events, storage: storage, clock: clock,
            noteReset: { reset in messages.lines.withLock { $0.append("reset \(reset.family)") } },
            report: { _, line in messages.lines.withLock { $0.append(line) } })
        try pipeline.start()
        waitUntil { self.pipeline.journal.isReady }
    }

    static var limits: JournalLimits {
        var limits = JournalLimits()
        limits.retryInterval = .milliseconds(20)
        limits.checkInterval = .milliseconds(20)
        return limits
    }

    /// What the pipeline reported for the log.
    var reports: [String] { messages.lines.withLock { $0 } }

    @discardableResult
    func stop() -> Bool {
        pipeline.stop(by: Clock.monotonicNanoseconds &+ 60_000_000_000)
    }

    // MARK: Pushes

    /// Pushes events and returns the status of the answer.
    @discardableResult
    func push(_ body: String, key: IdempotencyKey? = nil) -> Int {
        var buffer = Buffer(capacity: body.utf8.count + EventDecoder.padding)
        buffer.append(Array(body.utf8))
        buffer.reserve(EventDecoder.padding)
        let type = Array("application/json".utf8)
        let answer = Answer<PushAnswer>()
        pipeline.submit(
            EventIngestor.Push(body: buffer.bytes, contentType: type.span, encoding: .identity),
            key: .success(key), from: .anonymous
        ) { answer.set($0) }
        return answer.wait()?.status ?? 0
    }

    @discardableResult
    func group(
        _ method: GroupMethod, path: String, body: String = "", ttl: [String] = [],
        aggregate: [String] = [], key: IdempotencyKey? = nil
    ) -> GroupAnswer? {
        let answer = Answer<GroupAnswer>()
        let (path, body) = (Array(path.utf8), Array(body.utf8))
        pipeline.submit(
            GroupRequest(
                method, path: path.span, ttl: ttl, aggregate: aggregate, contentType: nil,
                encoding: .identity, body: body.span),
            key: .success(key)
        ) { answer.set($0) }
        return answer.wait()
    }

    func retire(_ model: String, version: String) -> ChangeAnswer? {
        let answer = Answer<ChangeAnswer>()
        pipeline.retire(model: model, version: version) { answer.set($0) }
        return answer.wait()
    }

    func forget(_ producer: String) -> ChangeAnswer? {
        let answer = Answer<ChangeAnswer>()
        pipeline.forget(producer: producer) { answer.set($0) }
        return answer.wait()
    }

    // MARK: Pages

    /// The samples of models and groups, sorted; without the families about the registry itself.
    var page: [String] {
        var page = Page(format: .text, body: Buffer(capacity: 4096))
        page.merge([FamilySource(groups.families, hasUniqueSeries: true)])
        models.write(to: &page)
        page.finish()
        return page.bytes.string.split(separator: "\n").map { String($0) }.filter {
            !$0.hasPrefix("#") && !$0.hasPrefix("ml_series")
        }.sorted()
    }

    func value(_ series: String) -> String? {
        page.first { $0.hasPrefix(series + " ") }.map { String($0.dropFirst(series.count + 1)) }
    }
}

/// An answer that another thread gives.
final class Answer<Value: Sendable>: Sendable {
    private let value = LockedValue<Value?>(nil)

    func set(_ value: Value) { self.value.withLock { $0 = value } }

    /// The answer; nil after 60 s without one.
    func wait() -> Value? {
        waitUntil { self.value.withLock { $0 != nil } }
        return value.withLock { $0 }
    }
}

/// Waits at most 60 s.
@discardableResult
func waitUntil(_ condition: () -> Bool) -> Bool {
    for _ in 0..<60_000 {
        if condition() { return true }
        usleep(1_000)
    }
    return false
}
