import Groups
import Intake
import Journal
import Kernel
import PushPipeline
import Scratch
import Testing

/// What pushes to groups write to the journal.
@Suite(.serialized)
struct GroupRecordTests {
    /// Bytes of the records that `body` writes.
    private func written(_ run: Run, body: () -> Void) -> UInt64 {
        let before = run.pipeline.storage?.statistics.writtenBytes ?? 0
        body()
        return (run.pipeline.storage?.statistics.writtenBytes ?? 0) - before
    }

    private func key(_ sequence: UInt64) -> IdempotencyKey {
        IdempotencyKey(producer: "p", start: 1, sequence: sequence)
    }

    private static let path = "/metrics/job/big"

    /// A run with a group of 2,000 series, about 100 kB.
    private func start(_ folder: Folder, settings: Settings = Settings()) throws -> Run {
        let run = try Run(folder, settings: settings)
        let lines = ["# TYPE m counter\n"] + (0..<2_000).map { "m{a=\"\($0)\"} 1\n" }
        #expect(
            run.group(.put, path: GroupRecordTests.path, body: lines.joined())?.status == 200)
        return run
    }

    @Test func `a push to a large group writes what it changes`() throws {
        // The folder is removed with the object.
        let folder = try Folder()
        defer { withExtendedLifetime(folder) {} }
        let run = try start(folder)
        let path = GroupRecordTests.path
        let added = written(run) { run.group(.post, path: path, body: "z 1\n") }
        let sum = written(run) {
            run.group(
                .post, path: path, body: "# TYPE m counter\nm{a=\"7\"} 2\n", aggregate: ["sum"])
        }
        let removed = written(run) { run.group(.delete, path: path) }
        for bytes in [added, sum, removed] {
            #expect(bytes > 0 && bytes < 200, "\(added) \(sum) \(removed)")
        }
        run.stop()
    }

    @Test func `a push that is refused writes the time of its failure, or nothing`() throws {
        // The folder is removed with the object.
        let folder = try Folder()
        defer { withExtendedLifetime(folder) {} }
        let run = try start(folder)
        let path = GroupRecordTests.path
        var statuses: [Int?] = []
        let unreadable = written(run) {
            statuses.append(run.group(.post, path: path, body: "z{ 1\n")?.status)
        }
        let twice = written(run) {
            statuses.append(run.group(.post, path: path, body: "z 1\nz 2\n")?.status)
        }
        let unknown = written(run) {
            statuses.append(run.group(.delete, path: "/metrics/job/none")?.status)
        }
        #expect(statuses == [400, 400, 202])
        #expect(unreadable == 0 && unknown == 0)
        #expect(twice > 0 && twice < 200)
        run.stop()
    }

    @Test func `a batch that a limit refused counts when it is sent again after a restart`() throws
    {
        let folder = try Folder()
        var settings = Settings()
        settings.groups.series = 2_000
        let run = try start(folder, settings: settings)
        let push = { (run: Run) in
            run.group(.post, path: GroupRecordTests.path, body: "z 1\n", key: self.key(1))?.status
        }
        #expect(push(run) == 429)
        let crashed = try folder.copy()
        run.stop()
        let again = try Run(crashed)
        #expect(push(again) == 200)
        #expect(again.value(#"z{instance="",job="big"}"#) == "1")
        #expect(push(again) == 200)
        again.stop()
    }

    @Test func `a batch that is refused for ever is known after a restart`() throws {
        let folder = try Folder()
        let run = try Run(folder)
        for (sequence, body) in ["z{ 1\n", "z 1\nz 2\n"].enumerated() {
            #expect(
                run.group(.post, path: "/metrics/job/j", body: body, key: key(UInt64(sequence)))?
                    .status == 400)
        }
        // Of a group that is not there.
        #expect(run.group(.delete, path: "/metrics/job/k", key: key(2))?.status == 202)
        let crashed = try folder.copy()
        run.stop()
        let again = try Run(crashed)
        for sequence: UInt64 in 0..<3 {
            #expect(
                again.group(.put, path: "/metrics/job/j", body: "x 1\n", key: key(sequence))?
                    .sentence == "This batch has been applied before.")
        }
        again.stop()
    }
}
