import Kernel
import Observation
import Profiles
import Series
import Testing
import Wire

@testable import Watch

/// Which profile is in force, and what limits do.
struct StoreTests {
    private static let start = 1_800_000_000.0

    private func layout(_ watch: WatchStore, version: String) -> String? {
        var rows = Rows()
        rows.add([("x0", .number(1))], version: version)
        return watch.layout(of: 0, batch: rows.batch)?.id
    }

    @Test func `a request's profile wins over that of a file until it is removed`() {
        let watch = WatchStore()
        let (one, two) = (profile(seed: 1), profile(seed: 2))
        #expect(watch.give(one, from: .file) == .changed)
        #expect(layout(watch, version: "3") == one.id)
        #expect(watch.give(two) == .replaced)
        #expect(layout(watch, version: "3") == two.id)
        #expect(watch.give(two) == .unchanged)
        #expect(watch.set(nil, model: "fraud", version: "3", from: .request) == .changed)
        #expect(layout(watch, version: "3") == one.id)
        #expect(watch.set(nil, model: "fraud", version: "3", from: .request) == .unknown)
    }

    @Test func `the version of a star serves those that have no profile`() {
        let watch = WatchStore()
        let (any, own) = (profile(version: "*", seed: 1), profile(version: "4", seed: 2))
        _ = watch.give(any)
        _ = watch.give(own)
        #expect(layout(watch, version: "3") == any.id)
        #expect(layout(watch, version: "4") == own.id)
        // A version that is only served appears with its first row.
        #expect(!watch.page().contains { $0.contains("version=\"3\"") })
        var rows = Rows()
        rows.add([("x0", .number(1))])
        watch.count(rows, at: StoreTests.start)
        #expect(watch.page().contains { $0.contains("version=\"3\"") })
        _ = watch.set(nil, model: "fraud", version: "*", from: .request)
        #expect(!watch.page().contains { $0.contains("version=\"3\"") })
    }

    @Test func `another profile begins counters and windows again and the same does not`() {
        let watch = WatchStore()
        _ = watch.give(profile(seed: 1))
        var rows = Rows()
        for _ in 0..<100 { rows.add([("x0", .number(1))]) }
        watch.count(rows, at: StoreTests.start)
        watch.evaluate(atSeconds: StoreTests.start + 300)
        let before = watch.page()
        #expect(watch.give(profile(seed: 1)) == .unchanged)
        #expect(watch.page() == before)
        #expect(watch.give(profile(seed: 2)) == .replaced)
        #expect(watch.page(.watch).allSatisfy { $0.hasSuffix(" 0") || $0.contains("_info") })
    }

    @Test
    func `a version that is retired loses the request's profile and one that expires does not`() {
        let watch = WatchStore()
        _ = watch.give(profile())
        var rows = Rows()
        rows.add([("x0", .number(1))])
        watch.count(rows, at: StoreTests.start)
        watch.expire(model: "fraud", version: "3")
        #expect(watch.value("ml_outlier_rows_total{", "zscore") == 0)
        #expect(watch.profile(model: "fraud", version: "3") != nil)
        #expect(watch.retire(model: "fraud", version: "3"))
        #expect(watch.page().isEmpty && !watch.isUsed)
        #expect(!watch.retire(model: "fraud", version: "3"))
    }

    @Test func `beyond watch_bytes a further version has counters and no windows`() {
        var limits = WatchLimits()
        limits.bytes = WatchBytes.ofWindows(Layout(profile())) * 3 / 2
        let watch = WatchStore(limits: limits)
        _ = watch.give(profile(version: "3"))
        _ = watch.give(profile(version: "4"))
        #expect(watch.budget.dropped(.watchLimit) == 1)
        var rows = Rows()
        for version in ["3", "4"] {
            for _ in 0..<100 { rows.add([("x0", .number(1))], version: version) }
        }
        watch.count(rows, at: StoreTests.start)
        watch.evaluate(atSeconds: StoreTests.start + 300)
        #expect(watch.value("ml_window_seconds{", "version=\"3\"") != nil)
        #expect(watch.value("ml_window_seconds{", "version=\"4\"") == nil)
        let counted = watch.page().filter {
            $0.hasPrefix("ml_feature_bin_total{") && $0.contains("\"x0\"") && $0.hasSuffix(" 100")
        }
        #expect(counted.count == 2)
        // The memory is given back.
        _ = watch.retire(model: "fraud", version: "3")
        _ = watch.retire(model: "fraud", version: "4")
        #expect(watch.bytes.count == 0 && watch.budget.count == 0)
    }

    @Test func `beyond series_per_version features leave the page and go on being watched`() {
        var series = SeriesLimits()
        series.seriesPerVersion = 70
        let watch = WatchStore(series: series)
        _ = watch.give(profile())
        #expect(watch.page().contains { $0.contains("feature=\"x0\"") })
        #expect(!watch.page().contains { $0.contains("feature=\"x1\"") })
        #expect(watch.budget.dropped(.versionSeriesLimit) > 0)
        var random = Generator(seed: 1)
        var rows = Rows()
        for _ in 0..<200 {
            rows.add([("x0", .number(random.normal())), ("x1", .number(random.normal() + 3))])
        }
        watch.count(rows, at: StoreTests.start)
        watch.evaluate(atSeconds: StoreTests.start + 300)
        #expect(watch.value("ml_dataset_drifted_features{") == 1)
    }

    @Test func `the memory of a version of 50 features is at most 4 MB`() {
        let layout = Layout(profile(features: 49, rows: 4000))
        #expect(WatchBytes.ofWindows(layout) <= 4_000_000)
    }

    @Test func `variants are counted apart and the version without rows is then not shown`() {
        let watch = WatchStore()
        _ = watch.give(profile())
        var rows = Rows()
        rows.add([("x0", .number(1))], variant: "champion")
        rows.add([("x0", .number(1))], variant: "challenger")
        rows.add([("x0", .number(1))], variant: "champion")
        watch.count(rows, at: StoreTests.start)
        let counts = watch.page().filter {
            $0.hasPrefix("ml_feature_bin_total{") && $0.contains("\"x0\"") && !$0.hasSuffix(" 0")
        }
        #expect(counts.count == 2)
        #expect(counts.contains { $0.contains("variant=\"champion\"") && $0.hasSuffix(" 2") })
        #expect(watch.page().allSatisfy { $0.contains("variant=") })
    }

    @Test func `a store that is restored shows the same page and continues`() {
        let watch = WatchStore()
        _ = watch.give(profile(seed: 1))
        _ = watch.give(profile(version: "*", seed: 2), from: .file)
        var random = Generator(seed: 4)
        for step in 0..<30 {
            var rows = Rows()
            for _ in 0..<20 {
                rows.add([
                    ("x0", .number(random.normal())), ("country", .text("c\(step)")),
                ])
                rows.add([("x1", .number(random.normal()))], version: "9", variant: "b")
            }
            watch.count(rows, at: StoreTests.start + Double(step) * 400)
        }
        let end = StoreTests.start + 30 * 400
        watch.evaluate(atSeconds: end)
        let other = WatchStore()
        for section in watch.sections { #expect(other.restore(bytes: section)) }
        other.evaluate(atSeconds: end)
        #expect(other.page().sorted() == watch.page().sorted())
        #expect(other.sections == watch.sections)
        var rows = Rows()
        rows.add([("x0", .number(0.5))])
        for store in [watch, other] {
            store.count(rows, at: end)
            store.evaluate(atSeconds: end + 300)
        }
        #expect(other.page().sorted() == watch.page().sorted())
    }

    @Test func `a damaged section is refused and never traps`() {
        let watch = WatchStore()
        _ = watch.give(profile())
        var rows = Rows()
        for _ in 0..<20 { rows.add([("x0", .number(1)), ("country", .text("DE"))]) }
        watch.count(rows, at: StoreTests.start)
        // Restored into one store: a refused section changes nothing.
        let other = WatchStore()
        _ = other.give(profile())
        for section in watch.sections {
            for length in stride(from: 0, to: section.count, by: max(1, section.count / 100)) {
                let cut = Array(section[..<length])
                #expect(!other.restore(bytes: cut))
            }
            for place in stride(from: 0, to: section.count, by: max(1, section.count / 100)) {
                var changed = section
                changed[place] ^= 0x55
                _ = other.restore(bytes: changed)
                _ = other.page()
            }
        }
    }
}
