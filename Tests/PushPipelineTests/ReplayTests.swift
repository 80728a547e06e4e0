import Exposition
import Groups
import Intake
import Kernel
import Model
import Scratch
import Series
import Testing

@testable import Journal
@testable import PushPipeline

/// What one process answered with success is there in the next, whatever its flags and settings are.
@Suite(.serialized)
struct ReplayTests {
    @Test func `a business label that is no longer allowed stays with what was counted`() throws {
        let folder = try Folder()
        var settings = Settings()
        settings.models.rules.businessLabels = ["region", "unit"]
        let run = try Run(folder, settings: settings)
        #expect(
            run.push(
                #"{"type":"metric","name":"p","kind":"counter","value":5,"unit":"eur","labels":{"region":"eu"}}"#
            ) == 200)
        let page = run.page
        #expect(page.contains { $0.contains(#"region="eu""#) && $0.contains(#"unit="eur""#) })
        try expectSame(page, after: run, folder: folder, settings: Settings())
    }

    @Test func `groups beyond a lower limit of bytes, groups or series stay`() throws {
        let folder = try Folder()
        let run = try Run(folder)
        for number in 0..<20 {
            #expect(
                run.group(.put, path: "/metrics/job/j\(number)", body: "x 1\ny 2\n")?.status == 200)
        }
        var lower = Settings()
        lower.groups.bytes = 1_000
        lower.groups.groups = 3
        lower.groups.series = 4
        lower.groups.groupSeries = 1
        try expectSame(run.page, after: run, folder: folder, settings: lower)
    }

    @Test func `other bounds take effect with the next push and not with the start`() throws {
        let folder = try Folder()
        var first = Settings()
        first.models.rules.buckets[.duration] = BucketBounds([0.1, 1])
        let run = try Run(folder, settings: first)
        let event = #"{"model":"m","version":"1","duration_seconds":0.05}"#
        for _ in 0..<5 { run.push(event) }
        var second = Settings()
        second.models.rules.buckets[.duration] = BucketBounds([0.2, 2])
        try expectSame(run.page, after: run, folder: folder, settings: second)
        let again = try Run(folder, settings: second)
        for _ in 0..<3 { again.push(event) }
        let count = #"ml_request_duration_seconds_count{model="m",version="1"}"#
        #expect(again.value(count) == "3")
        #expect(again.value(#"ml_predictions_total{model="m",version="1"}"#) == "8")
        #expect(again.reports.contains("reset duration"))
        try expectSame(again.page, after: again, folder: folder, settings: first)
    }

    @Test func `a histogram that a reload has reset does not grow by what was before it`() throws {
        let folder = try Folder()
        let run = try Run(folder)
        let event = #"{"model":"m","version":"1","duration_seconds":0.05}"#
        for _ in 0..<5 { run.push(event) }
        var settings = ModelSettings()
        settings.rules.buckets[.duration] = BucketBounds([0.2, 2])
        run.models.change(settings)
        for _ in 0..<3 { run.push(event) }
        #expect(
            run.value(#"ml_request_duration_seconds_count{model="m",version="1"}"#) == "3")
        try expectSame(run.page, after: run, folder: folder, settings: Settings())
    }

    @Test(arguments: 0..<24)
    func `random pushes under random settings survive a kill and an end under others`(
        seed: Int
    ) throws {
        var random = Generator(seed: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1)
        let folder = try Folder()
        let run = try Run(folder, settings: randomSettings(&random))
        for number in 0..<60 {
            for _ in 0..<random.next(3) { pushGroup(run, random: &random) }
            run.push(randomBody(&random, number: number))
            if random.next(12) == 0 {
                run.models.change(randomSettings(&random).models)
            }
            if random.next(15) == 0 {
                _ = run.retire("m\(random.next(4))", version: "\(random.next(3))")
            }
        }
        try expectSame(
            run.page, after: run, folder: folder, settings: randomSettings(&random))
    }

    @Test(arguments: 0..<24)
    func `a snapshot that is written while pushes go on is the state at which it was taken`(
        seed: Int
    ) throws {
        var random = Generator(seed: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 3)
        let run = try Run(nil)
        for _ in 0..<40 { pushAnything(run, random: &random) }
        let page = run.page
        let producers = run.events.producers.list
        let parts = run.pipeline.state.snapshot()
        let other = try Run(nil)
        for part in parts {
            for number in 0..<part.count {
                for _ in 0..<random.next(4) { pushAnything(run, random: &random) }
                guard let body = part.make(number) else { continue }
                let problem = other.pipeline.state.restore(part.name, body: body.span)
                #expect(problem == nil)
            }
        }
        #expect(other.page == page)
        #expect(other.events.producers.list.map(\.sequence) == producers.map(\.sequence))
        // What was taken later is the state by then.
        let last = try Run(nil)
        for part in run.pipeline.state.snapshot() {
            for number in 0..<part.count {
                guard let body = part.make(number) else { continue }
                let problem = last.pipeline.state.restore(part.name, body: body.span)
                #expect(problem == nil)
            }
        }
        #expect(last.page == run.page)
        #expect(last.groups.counts.series == run.groups.counts.series)
        #expect(last.groups.counts.bytes == run.groups.counts.bytes)
        for run in [run, other, last] { run.stop() }
    }

    @Test
    func `snapshots that are written while pushes go on lose nothing and count nothing twice`()
        throws
    {
        let folder = try Folder()
        var limits = Run.limits
        limits.snapshotBytes = 2_000
        let run = try Run(folder, limits: limits)
        var random = Generator(seed: 9)
        for _ in 0..<400 { pushAnything(run, random: &random) }
        #expect(run.pipeline.storage?.statistics.lastSnapshotSeconds ?? 0 > 0)
        try expectSame(run.page, after: run, folder: folder, settings: Settings())
    }

    // MARK: Comparing

    /// Expects the page after a kill and after a regular end of `run`, started with `settings`.
    private func expectSame(
        _ page: [String], after run: Run, folder: Folder, settings: Settings
    ) throws {
        let killed = try folder.copy()
        run.stop()
        for folder in [killed, folder] {
            let other = try Run(folder, settings: settings)
            let shown = other.page
            #expect(Set(shown).subtracting(page).sorted() == [])
            #expect(Set(page).subtracting(shown).sorted() == [])
            let statistics = other.pipeline.storage?.statistics
            #expect(statistics?.skippedRecords == 0)
            other.stop()
        }
    }

    // MARK: Random input

    private func randomSettings(_ random: inout Generator) -> Settings {
        var settings = Settings()
        settings.series.features = 1 + random.next(6)
        settings.series.reasons = 5 + random.next(4)
        settings.series.models = 1 + random.next(5)
        settings.series.versionsPerModel = 1 + random.next(3)
        settings.series.variantsPerVersion = 1 + random.next(3)
        settings.series.seriesPerVersion = 40 + random.next(200)
        settings.series.series = 200 + random.next(2_000)
        settings.series.leases = 1 + random.next(3)
        settings.groups.groups = 1 + random.next(6)
        settings.groups.bytes = 3_000 + random.next(30_000)
        settings.groups.series = 2 + random.next(20)
        if random.next(2) == 0 { settings.models.rules.businessLabels.insert("region") }
        if random.next(2) == 0 { settings.models.rules.businessLabels.insert("unit") }
        if random.next(2) == 0 {
            settings.models.rules.buckets[.duration] = BucketBounds([
                0.1, 1, Double(2 + random.next(3)),
            ])
        }
        if random.next(2) == 0 {
            settings.models.rules.buckets[.batchSize] = BucketBounds([
                1, Double(2 + random.next(9)),
            ])
        }
        return settings
    }

    private func pushAnything(_ run: Run, random: inout Generator) {
        switch random.next(8) {
        case 0: _ = run.retire("m\(random.next(5))", version: "\(random.next(4))")
        case 1...3: pushGroup(run, random: &random)
        default:
            let key = IdempotencyKey(
                producer: "p\(random.next(3))", start: 1, sequence: UInt64(random.next(1_000)))
            run.push(randomBody(&random, number: 0), key: key)
        }
    }

    private func pushGroup(_ run: Run, random: inout Generator) {
        let path = "/metrics/job/j\(random.next(8))"
        let histogram =
            "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 0.5\nh_count \(2 + random.next(9))\n"
        switch random.next(7) {
        case 0: run.group(.delete, path: path)
        case 1:
            run.group(.put, path: path, body: "x \(random.next(9))\ny{a=\"\(random.next(3))\"} 1\n")
        case 2: run.group(.post, path: path, body: "# TYPE c counter\nc \(random.next(9))\n")
        case 3:
            run.group(
                .post, path: path,
                body:
                    "# HELP c \(random.next(9))\n# TYPE c counter\nc{a=\"\(random.next(3))\"} 0.1\n"
                    + histogram, aggregate: ["sum"])
        case 4: run.group(.post, path: path, body: histogram, ttl: ["1000"])
        case 5: run.group(.put, path: path, body: "x 1\nx 1\n")
        default: run.group(.post, path: path, body: "x\n")
        }
    }

    private func randomBody(_ random: inout Generator, number: Int) -> String {
        let events = (0..<1 + random.next(4)).map { _ in randomEvent(&random) }
        return "[\(events.joined(separator: ","))]"
    }

    private func randomEvent(_ random: inout Generator) -> String {
        let scope = #""model":"m\#(random.next(5))","version":"\#(random.next(4))""#
        let variant = random.next(3) == 0 ? #","variant":"v\#(random.next(4))""# : ""
        switch random.next(8) {
        case 0:
            let label = random.next(2) == 0 ? #","labels":{"region":"r\#(random.next(3))"}"# : ""
            let unit = random.next(2) == 0 ? #","unit":"eur""# : ""
            let kind = random.next(2) == 0 ? "counter" : "gauge"
            return
                #"{"type":"metric","name":"k\#(random.next(3))","kind":"\#(kind)","value":2\#(unit)\#(label)}"#
        case 1:
            return
                #"{"type":"training","model":"m\#(random.next(5))","status":"succeeded","epoch":3,"feature_importance":{"f\#(random.next(9))":0.5,"f\#(random.next(9))x":0.2}}"#
        case 2: return #"{"type":"label",\#(scope),"id":"i","label":1}"#
        case 3: return #"{"type":"state",\#(scope)\#(variant),"in_flight":\#(random.next(5))}"#
        default:
            let duration =
                #","duration_seconds":0.\#(1 + random.next(9)),"batch_size":\#(1 + random.next(4))"#
            let error =
                random.next(3) == 0
                ? #","outcome":"error","reason":"reason \#(random.next(12))""# : ""
            let features =
                #","features":{"f\#(random.next(10))":1,"g\#(random.next(10))":null,"h":"a"}"#
            return "{\(scope)\(variant)\(duration)\(error)\(features)}"
        }
    }
}

/// Numbers that a seed repeats (xorshift64).
struct Generator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed == 0 ? 1 : seed
        for _ in 0..<8 { _ = next(2) }
    }

    /// A number from 0 to `limit - 1`.
    mutating func next(_ limit: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(limit))
    }
}
