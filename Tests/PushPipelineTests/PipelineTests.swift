import Groups
import Intake
import Journal
import Kernel
import Model
import Scratch
import Testing

@testable import PushPipeline

@Suite(.serialized)
struct PipelineTests {
    private func key(_ sequence: UInt64) -> IdempotencyKey {
        IdempotencyKey(producer: "p", start: 1, sequence: sequence)
    }

    @Test(arguments: [false, true])
    func `every kind of change takes the same path with and without storage`(
        hasStorage: Bool
    ) throws {
        let folder = try Folder()
        let run = try Run(hasStorage ? folder : nil)
        defer { run.stop() }
        #expect(run.push(#"{"model":"m","version":"1"}"#, key: key(1)) == 200)
        #expect(run.push(#"{"model":"m","version":"1"}"#, key: key(1)) == 200)
        #expect(run.value(#"ml_predictions_total{model="m",version="1"}"#) == "1")
        #expect(run.push("[") == 400)
        #expect(run.group(.put, path: "/metrics/job/j", body: "x 1\n", key: key(2))?.status == 200)
        #expect(
            run.group(.put, path: "/metrics/job/j", body: "x 2\n", key: key(2))?.sentence
                == "This batch has been applied before.")
        #expect(run.value(#"x{instance="",job="j"}"#) == "1")
        #expect(run.group(.put, path: "/metrics/job/j", body: "x\n")?.status == 400)
        #expect(run.group(.delete, path: "/metrics/job/j")?.status == 202)
        #expect(run.value(#"x{instance="",job="j"}"#) == nil)
        #expect(run.retire("m", version: "2") == .unknown)
        #expect(run.retire("m", version: "1") == .done)
        #expect(run.forget("q") == .unknown)
        #expect(run.forget("p") == .done)
        #expect(run.page == [])
    }

    @Test func `a restart shows what every kind of change has led to`() throws {
        let folder = try Folder()
        let run = try Run(folder)
        run.push(#"[{"model":"a","version":"1"},{"model":"b","version":"1"}]"#, key: key(1))
        run.group(.put, path: "/metrics/job/j", body: "x 1\n")
        run.group(.put, path: "/metrics/job/k", body: "y 1\n")
        run.group(.delete, path: "/metrics/job/k")
        #expect(run.retire("b", version: "1") == .done)
        let page = run.page
        let crashed = try folder.copy()
        run.stop()
        for folder in [crashed, folder] {
            let again = try Run(folder)
            #expect(again.page == page)
            #expect(again.push(#"{"model":"a","version":"1"}"#, key: key(1)) == 200)
            #expect(again.page == page)
            again.stop()
        }
    }

    @Test(arguments: [false, true])
    func `what has expired is removed by the timer and stays away after a crash`(
        hasStorage: Bool
    ) throws {
        let folder = try Folder()
        let clock = ManualClock()
        let run = try Run(hasStorage ? folder : nil, clock: clock.source)
        run.push(#"{"model":"m","version":"1"}"#)
        run.group(.put, path: "/metrics/job/j", body: "x 1\n", ttl: ["10"])
        run.group(.put, path: "/metrics/job/k", body: "y 1\n")
        clock.advance(11)
        // Another change wakes the timer, which reads the clock that was set.
        run.group(.put, path: "/metrics/job/l", body: "z 1\n", ttl: ["1"])
        #expect(waitUntil { run.value(#"x{instance="",job="j"}"#) == nil })
        #expect(run.value(#"y{instance="",job="k"}"#) == "1")
        let crashed = try folder.copy()
        run.stop()
        if !hasStorage { return }
        let again = try Run(crashed, clock: clock.source)
        #expect(again.value(#"x{instance="",job="j"}"#) == nil)
        #expect(again.value(#"y{instance="",job="k"}"#) == "1")
        again.stop()
    }

    @Test func `what expired while the daemon was not running is gone before a page is shown`()
        throws
    {
        let folder = try Folder()
        let clock = ManualClock()
        let run = try Run(folder, clock: clock.source)
        run.group(.put, path: "/metrics/job/j", body: "x 1\n", ttl: ["10"])
        run.push(#"{"model":"m","version":"1"}"#)
        run.stop()
        clock.advance(90_000)
        let again = try Run(folder, clock: clock.source)
        #expect(again.value(#"x{instance="",job="j"}"#) == nil)
        again.stop()
    }

    @Test func `a replayed push keeps its time`() throws {
        let folder = try Folder()
        let clock = ManualClock()
        var settings = Settings()
        settings.models.timeToLive = .seconds(100)
        let run = try Run(folder, settings: settings, clock: clock.source)
        run.push(#"{"model":"m","version":"1"}"#)
        clock.advance(60)
        let crashed = try folder.copy()
        let again = try Run(crashed, settings: settings, clock: clock.source)
        #expect(again.value(#"ml_predictions_total{model="m",version="1"}"#) == "1")
        clock.advance(41)
        // Without a change of its own the version is 101 s old by now.
        again.group(.put, path: "/metrics/job/l", body: "z 1\n", ttl: ["1"])
        #expect(waitUntil { again.models.list.isEmpty })
        again.stop()
        run.stop()
    }
}
