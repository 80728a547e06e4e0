import Glibc
import Journal
import Kernel
import Model
import PushPipeline
import Scratch
import Testing

/// Files that earlier revisions wrote and left behind when they were killed: a snapshot with models, a
/// producer and groups, and records of events, groups, a deletion and a retirement behind it. The page
/// is what that revision showed.
@Suite(.serialized)
struct FormerFormatTests {
    struct Former: Sendable, CustomTestStringConvertible {
        let format: Int
        let lines: Int
        let records: UInt64

        var testDescription: String { "format \(format)" }
    }

    private static let names = ["journal.db", "journal.db-wal", "snapshot.db"]

    private func fixture(_ name: String, of former: Former) throws -> [UInt8] {
        let folder = "\(#filePath)".split(separator: "/").dropLast(2).joined(separator: "/")
        let path = "/\(folder)/Fixtures/journal/format\(former.format)/\(name)"
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

    @Test(arguments: [
        Former(format: 1, lines: 25, records: 6), Former(format: 2, lines: 35, records: 8),
    ])
    func `files of earlier formats are read and become files of format 3`(former: Former) throws {
        let folder = try Folder()
        for name in FormerFormatTests.names {
            try folder.write(try fixture(name, of: former), to: name)
        }
        // Nothing expires, however long ago the files were written.
        var settings = Settings()
        settings.models.timeToLive = .zero
        let run = try Run(folder, settings: settings)
        let expected = String(decoding: try fixture("page.txt", of: former), as: UTF8.self)
            .split(separator: "\n").map { String($0) }
        let shown = Set(run.page)
        #expect(expected.count == former.lines && expected.filter { !shown.contains($0) } == [])
        #expect(!shown.contains { $0.contains("rows_gone") || $0.contains("churn") })
        #expect(!shown.contains { $0.contains(#"model="gone""#) })
        #expect(run.pipeline.storage?.statistics.skippedRecords == 0)
        #expect(run.pipeline.storage?.statistics.replayedRecords == former.records)
        #expect(run.reports == [])
        run.push(#"{"model":"fraud","version":"3"}"#)
        let page = run.page
        run.stop()
        // The user version of a SQLite file: releases that know earlier formats only refuse 3.
        for name in ["journal.db", "snapshot.db"] { #expect(try folder.read(name)[63] == 3) }
        let again = try Run(folder, settings: settings)
        #expect(again.page == page)
        again.stop()
    }
}
