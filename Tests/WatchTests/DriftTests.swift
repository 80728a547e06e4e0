import Kernel
import Observation
import Profiles
import Series
import Statistics
import Testing
import Wire

@testable import Watch

/// A profile in, rows in, scores out.
struct DriftTests {
    private static let start = 1_800_000_000.0

    private func rows(
        _ count: Int, shift: Double = 0, random: inout Generator
    ) -> Rows {
        var rows = Rows()
        for _ in 0..<count {
            rows.add([
                ("x0", .number(random.normal() + shift)), ("x1", .number(random.normal())),
                ("country", .text(Bool.random(using: &random) ? "DE" : "FR")),
            ])
        }
        return rows
    }

    @Test func `a feature that moves has drifted once its sub-window has ended and no other has`() {
        let watch = WatchStore()
        #expect(watch.give(profile()) == .changed)
        var random = Generator(seed: 7)
        watch.count(rows(500, random: &random), at: DriftTests.start)
        watch.evaluate(atSeconds: DriftTests.start + 300)
        for feature in ["x0", "x1", "country"] {
            #expect(watch.value("ml_feature_drifted{", "\"\(feature)\"") == 0)
        }
        // Two hours later the former rows have left the window.
        watch.count(rows(500, shift: 2, random: &random), at: DriftTests.start + 7200)
        #expect(watch.value("ml_feature_drifted{", "\"x0\"") == 0)
        watch.evaluate(atSeconds: DriftTests.start + 7500)
        #expect(watch.value("ml_feature_drifted{", "\"x0\"") == 1)
        #expect(watch.value("ml_feature_drifted{", "\"x1\"") == 0)
        #expect(watch.value("ml_feature_drifted{", "\"country\"") == 0)
        #expect(watch.value("ml_dataset_features{") == 3)
        #expect(watch.value("ml_dataset_drifted_features{") == 1)
        #expect((watch.value("ml_feature_rank_shift{", "\"x0\"") ?? 0) > 0.5)
        #expect(watch.value("ml_window_seconds{") == 3600)
        #expect(watch.value("ml_feature_window_observations{", "\"x0\"") == 500)
    }

    @Test func `counters exist at 0 from the moment the profile is known and scores do not`() {
        let watch = WatchStore()
        _ = watch.give(profile(roles: [.prediction, .score]))
        let page = watch.page(.watch)
        #expect(page.count { $0.hasPrefix("ml_feature_bin_total{") } == 10 + 10 + 4)
        #expect(page.count { $0.hasPrefix("ml_prediction_bin_total{") } == 10)
        #expect(page.allSatisfy { $0.hasSuffix(" 0") || $0.hasPrefix("ml_model_profile_info") })
        #expect(!page.contains { $0.contains("drift_score") || $0.contains("NaN") })
        #expect(watch.page(.reference).contains { $0.hasPrefix("ml_feature_reference_mean{") })
        #expect(!watch.page(.reference).contains { $0.hasPrefix("ml_feature_bin_total") })
    }

    @Test func `a numerical feature of 10 bins has 30 series and 27 constants`() {
        let watch = WatchStore()
        _ = watch.give(profile())
        var random = Generator(seed: 3)
        watch.count(rows(500, random: &random), at: DriftTests.start)
        watch.evaluate(atSeconds: DriftTests.start + 300)
        #expect(watch.page(.watch).count { $0.contains("feature=\"x0\"") } == 30)
        #expect(watch.page(.reference).count { $0.contains("feature=\"x0\"") } == 27)
        let columns = Layout(profile()).columns
        for column in columns {
            let shown = watch.page().count { $0.contains("feature=\"\(column.name)\"") }
            #expect(shown == WatchFamilies.seriesCount(column))
        }
    }

    @Test func `rows that are split over pushes and daemons give the same counts in any order`() {
        var random = Generator(seed: 5)
        let values = (0..<400).map { _ in random.normal() * 3 }
        func counts(_ order: [Double], size: Int) -> Tally {
            let layout = Layout(profile())
            var tally = Tally(layout)
            var reducer = Reducer()
            for start in stride(from: 0, to: order.count, by: size) {
                var rows = Rows()
                for value in order[start..<min(start + size, order.count)] {
                    rows.add([("x0", .number(value))])
                }
                let runs = Array(rows.batch.runs.indices)
                tally.add(
                    reducer.reduce(
                        rows.batch, runs: runs[...], scope: 0, layout: layout,
                        isRefused: nil))
            }
            return tally
        }
        let layout = Layout(profile())
        let whole = counts(values, size: 400)
        for (order, size) in [
            (values, 1), (values.reversed(), 7), (values.shuffled(using: &random), 64),
        ] {
            let parts = counts(order, size: size)
            for index in whole.words.indices {
                if layout.kinds[index] == .sum {
                    #expect(abs(whole.double(index) - parts.double(index)) < 1e-9)
                } else {
                    #expect(whole.words[index] == parts.words[index])
                }
            }
        }
    }

    @Test func `what is counted is what the definition counts`() throws {
        let given = profile()
        let layout = Layout(given)
        var random = Generator(seed: 9)
        let values = (0..<1000).map { _ in random.normal() * 2 + 1 } + [1e9, -1e9, -0.0]
        var rows = Rows()
        for value in values { rows.add([("x0", .number(value))]) }
        rows.add([("x0", .missing)])
        rows.add([("x0", .word("Infinity"))])
        rows.add([("x0", .word("-Infinity"))])
        rows.add([("x0", .word("NaN"))])
        rows.add([("x0", .text("what"))])
        rows.add([("x1", .number(1))])
        var tally = Tally(layout)
        var reducer = Reducer()
        tally.add(
            reducer.reduce(
                rows.batch, runs: Array(rows.batch.runs.indices)[...], scope: 0, layout: layout,
                isRefused: nil))
        let column = layout.columns[0]
        let counts = try #require(column.numericCounts(tally))
        let reference = try #require(column.numeric)
        var expected = NumericCounts(reference)
        for value in values { expected.add(value, to: reference) }
        expected.add(.infinity, to: reference)
        expected.add(-.infinity, to: reference)
        expected.missing = 3
        #expect(counts.bins == expected.bins)
        #expect(counts.missing == expected.missing)
        #expect(counts.clipped == 2)
        #expect(counts.below == expected.below && counts.above == expected.above)
        #expect(counts.minimum == -1e9 && counts.maximum == 1e9)
        #expect(counts.positiveInfinite == 1 && counts.negativeInfinite == 1)
        #expect(tally.words[column.typeErrorWord] == 1)
        #expect(abs(counts.squareSum.value - expected.squareSum.value) < 1e-6)
        for bin in counts.zSums.indices {
            #expect(abs(counts.zSums[bin].value - expected.zSums[bin].value) < 1e-9)
        }
        let outliers = values.count { abs(reference.summary.scale.z(of: $0)) > 6 }
        #expect(outliers >= 2 && tally.words[Layout.Header.zScoreRows] == UInt64(outliers))
        #expect(tally.words[Layout.Header.rows] == UInt64(values.count + 6))
    }

    @Test func `categories are counted by bin and unseen ones by name in memory only`() throws {
        let watch = WatchStore()
        _ = watch.give(profile())
        var rows = Rows()
        for (category, count) in [("DE", 30), ("FR", 20), ("IT", 7), ("Atlantis", 9), ("", 2)] {
            for _ in 0..<count { rows.add([("country", .text(category))]) }
        }
        rows.add([("country", .number(3))])
        watch.count(rows, at: DriftTests.start)
        let bins = watch.page().filter {
            $0.hasPrefix("ml_feature_bin_total{") && $0.contains("country")
        }
        #expect(bins.map { $0.split(separator: " ").last } == ["30", "20", "7", "10"])
        #expect(watch.value("ml_feature_unseen_category_total{") == 10)
        watch.evaluate(atSeconds: DriftTests.start + 300)
        let distinct = try #require(watch.value("ml_feature_window_distinct_values{"))
        #expect(abs(distinct - 5) < 0.1)
        let report = try #require(watch.report(model: "fraud", version: "3"))
        #expect(String(decoding: report, as: UTF8.self).contains("Atlantis"))
        let snapshot = watch.sections.joined()
        #expect(!String(decoding: snapshot, as: UTF8.self).contains("Atlantis"))
    }

    @Test func `a weight counts a row as often`() {
        let watch = WatchStore()
        _ = watch.give(profile())
        var rows = Rows()
        rows.add([("x0", .number(0.5))], weight: 40)
        watch.count(rows, at: DriftTests.start)
        watch.evaluate(atSeconds: DriftTests.start + 300)
        #expect(watch.value("ml_feature_window_observations{", "\"x0\"") == 40)
        #expect(watch.value("ml_feature_window_observations{", "\"x1\"") == 0)
        #expect(watch.value("ml_feature_window_missing_ratio{", "\"x1\"") == 1)
    }

    @Test func `predictions and scores are watched apart from features`() {
        let watch = WatchStore()
        _ = watch.give(profile(roles: [.prediction, .score]))
        var random = Generator(seed: 2)
        var rows = Rows()
        for _ in 0..<300 {
            rows.add(
                [("x0", .number(random.normal()))], prediction: random.normal() + 3,
                score: abs(random.normal()))
        }
        watch.count(rows, at: DriftTests.start)
        watch.evaluate(atSeconds: DriftTests.start + 300)
        #expect(watch.value("ml_prediction_drifted{") == 1)
        #expect(watch.value("ml_score_window_observations{") == 300)
        #expect(watch.value("ml_dataset_drifted_features{") == 0)
    }

    @Test func `a column of numbers gives the same bits as its values one by one`() {
        var random = Generator(seed: 21)
        let names = ["x0", "x1", "country", "other"]
        let values = names.map { _ in (0..<500).map { _ in random.normal() * 4 } }
        func pushed(asColumns: Bool) -> Rows {
            var rows = Rows()
            rows.add([("x1", .text("no number"))])
            let first = rows.batch.nextRow
            if asColumns {
                for _ in 0..<500 { rows.add([]) }
                for (name, values) in zip(names, values) {
                    rows.add(column: name, values, firstRow: first)
                }
            } else {
                for row in 0..<500 {
                    rows.add(zip(names, values).map { ($0, .number($1[row])) })
                }
            }
            return rows
        }
        func bytes(_ rows: borrowing Rows, refusing isRefused: ((Int) -> Bool)?) -> [UInt8] {
            let watch = WatchStore()
            _ = watch.give(profile())
            var writer = ByteWriter()
            watch.reduce(rows.batch, isRefused: isRefused).write(to: &writer)
            return writer.bytes
        }
        let columns = pushed(asColumns: true)
        let single = pushed(asColumns: false)
        #expect(bytes(columns, refusing: nil) == bytes(single, refusing: nil))
        #expect(
            bytes(columns, refusing: { $0 % 3 == 0 }) == bytes(single, refusing: { $0 % 3 == 0 }))
        // Records do not tell them apart either, but for the order of entries.
        var record = ByteWriter()
        columns.batch.write(to: &record)
        let written = record.bytes
        var reader = ByteReader(written.span)
        var read = Batch()
        let isRead = read.read(&reader)
        #expect(isRead)
        func kinds(_ batch: borrowing Batch) -> [String] {
            batch.features.map {
                "\(batch.bytes($0.feature).string) \($0.row) \($0.value.kind)"
            }.sorted()
        }
        #expect(kinds(read) == kinds(single.batch))
        let ranges = read.runs.indices.map { read.features(of: $0) }
        #expect(ranges == [0..<2001])
    }
}
