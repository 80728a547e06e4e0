import Glibc
import Journal
import Kernel
import Model
import PushPipeline
import Scratch
import Testing

/// Files that revision ad336cd wrote and left behind when it was killed: a snapshot with models, a
/// producer and a group, and records of events, groups, a deletion and a retirement behind it. The
/// page is what that revision showed.
@Suite(.serialized)
struct FormatOneTests {
    private static let names = ["journal.db", "journal.db-wal", "snapshot.db"]

    private func fixture(_ name: String) throws -> [UInt8] {
        let folder = "\(#filePath)".split(separator: "/").dropLast(2).joined(separator: "/")
        let path = "/\(folder)/Fixtures/journal/format1/\(name)"
        let file = unsafe try #require(unsafe fopen(path, "r"))
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe fread(&part, 1, part.count, file)
            if count == 0 { return bytes }
            bytes += part[..<count]
        }
    }

    @Test func `files of format 1 are read and become files of format 2`() throws {
        let folder = try Folder()
        for name in FormatOneTests.names { try folder.write(try fixture(name), to: name) }
        // Nothing expires, however long ago the files were written.
        var settings = Settings()
        settings.models.timeToLive = .zero
        let run = try Run(folder, settings: settings)
        let expected = String(decoding: try fixture("page.txt"), as: UTF8.self)
            .split(separator: "\n").map { String($0) }
        let shown = Set(run.page)
        #expect(expected.count == 25 && expected.filter { !shown.contains($0) } == [])
        #expect(!shown.contains { $0.contains("rows_gone") || $0.contains("churn") })
        #expect(run.pipeline.storage?.statistics.skippedRecords == 0)
        #expect(run.pipeline.storage?.statistics.replayedRecords == 6)
        #expect(run.reports == [])
        run.push(#"{"model":"fraud","version":"3"}"#)
        let page = run.page
        run.stop()
        // The user version of a SQLite file: releases that know format 1 only refuse 2.
        for name in ["journal.db", "snapshot.db"] { #expect(try folder.read(name)[63] == 2) }
        let again = try Run(folder, settings: settings)
        #expect(again.page == page)
        again.stop()
    }
}
