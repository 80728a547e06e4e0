import Exposition
import Groups
import Intake
import Journal
import Kernel
import Model
import PushPipeline
import Scratch
import Series
import Testing

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
            if random.next(5) == 0 { pushGroup(run, random: &random) }
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
        settings.groups.bytes = 500 + random.next(5_000)
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

    private func pushGroup(_ run: Run, random: inout Generator) {
        let path = "/metrics/job/j\(random.next(8))"
        switch random.next(4) {
        case 0: run.group(.delete, path: path)
        case 1:
            run.group(.put, path: path, body: "x \(random.next(9))\ny{a=\"\(random.next(3))\"} 1\n")
        case 2: run.group(.post, path: path, body: "# TYPE c counter\nc \(random.next(9))\n")
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
