import Groups
import Intake
import Kernel
import Scratch
import Testing

@testable import PushPipeline

/// What pushes in progress may take.
@Suite(.serialized)
struct MemoryTests {
    private func key(_ sequence: UInt64) -> IdempotencyKey {
        IdempotencyKey(producer: "p", start: 1, sequence: sequence)
    }

    @Test func `a push beyond the memory for all gets 503, and is taken when it is sent again`()
        throws
    {
        var settings = Settings()
        settings.bodies = ByteBudget(limit: 1 << 20)
        let run = try Run(nil, settings: settings)
        let body = (0..<2_000).map { "m{a=\"\($0)\"} 1\n" }.joined()
        #expect(settings.bodies.take(1_000_000))
        let busy = run.group(.put, path: "/metrics/job/j", body: body, key: key(1))
        #expect(busy?.status == 503)
        #expect(busy?.sentence.contains("\(1 << 20) bytes") == true)
        settings.bodies.release(1_000_000)
        #expect(run.group(.put, path: "/metrics/job/j", body: body, key: key(1))?.status == 200)
        #expect(run.groups.counts.series == 2_000)
        #expect(waitUntil { settings.bodies.taken == 0 })
        run.stop()
    }

    @Test func `a push that takes more memory than all may is refused for good`() throws {
        var settings = Settings()
        settings.bodies = ByteBudget(limit: 1 << 20)
        settings.decoding = ByteBudget(limit: 2 << 20)
        let run = try Run(nil, settings: settings)
        let families = (0..<3_000).map { "m\($0) 1\n" }.joined()
        let answer = run.group(.put, path: "/metrics/job/j", body: families)
        #expect(answer?.status == 413)
        #expect(answer?.sentence.contains("\(1 << 20) bytes") == true)
        let values = Array(repeating: "1", count: 100_000).joined(separator: ",")
        let event = #"{"model":"m","version":"1","unknown":[\#(values)]}"#
        #expect(run.push(event, key: key(1)) == 413)
        #expect(settings.decoding.refused == 1)
        #expect(run.push(#"{"model":"m","version":"1"}"#, key: key(1)) == 200)
        #expect(waitUntil { settings.bodies.taken == 0 && settings.decoding.taken == 0 })
        run.stop()
    }

    @Test func `events that wait for the journal count until they are answered`() throws {
        let folder = try Folder()
        defer { withExtendedLifetime(folder) {} }
        var settings = Settings()
        settings.bodies = ByteBudget(limit: 64 << 20)
        let run = try Run(folder, settings: settings)
        let features = (0..<100).map { #""f\#($0)":1"# }.joined(separator: ",")
        let event = #"{"model":"m","version":"1","features":{\#(features)}}"#
        let body = "[" + Array(repeating: event, count: 50).joined(separator: ",") + "]"
        for _ in 0..<20 { #expect(run.push(body) == 200) }
        #expect(waitUntil { settings.bodies.taken == 0 })
        #expect(settings.bodies.refused == 0)
        run.stop()
    }

    @Test func `memory is given back once it has grown, and not while it stays`() {
        let shared = Counters(resident: 10 << 20)
        let trim = MemoryTrim(residentBytes: { shared.resident }) { shared.trim(to: 11 << 20) }
        let now = Timestamp.now
        trim.run(at: now)
        #expect(
            trim.nextDue() == now.monotonicNanoseconds + MemoryTrim.interval.nanoseconds)
        shared.set(resident: 12 << 20)
        trim.run(at: now)
        #expect(shared.trims == 0)
        shared.set(resident: 50 << 20)
        trim.run(at: now)
        #expect(shared.trims == 1)
        // It is at rest at 11 MiB from now on.
        shared.set(resident: 13 << 20)
        trim.run(at: now)
        #expect(shared.trims == 1)
        shared.set(resident: 14 << 20)
        trim.run(at: now)
        #expect(shared.trims == 2)
    }
}

private final class Counters: Sendable {
    private let state: LockedValue<(resident: Int, trims: Int)>

    init(resident: Int) { state = LockedValue((resident, 0)) }

    var resident: Int { state.withLock { $0.resident } }
    var trims: Int { state.withLock { $0.trims } }

    func set(resident: Int) { state.withLock { $0.resident = resident } }

    func trim(to resident: Int) {
        state.withLock { $0 = (resident, $0.trims + 1) }
    }
}
