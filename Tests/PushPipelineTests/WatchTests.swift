import Exposition
import Intake
import Kernel
import Model
import Profiles
import PushPipeline
import Scratch
import Statistics
import Testing
import Watch

/// Profiles and counts through the journal.
struct WatchTests {
    private func profile(seed: Int = 0) -> Profile {
        let values = (0..<1000).map { Double($0 + seed) * 0.37 }
        let numeric = ProfileColumn(
            name: "amount", role: .feature, rows: 1000, missing: 0,
            content: .numerical(NumericSummary(values), positiveInfinite: 0, negativeInfinite: 0))
        let country = ProfileColumn(
            name: "country", role: .feature, rows: 1000, missing: 0,
            content: .categorical(
                CategoricalSummary(
                    distinctCount: 2,
                    categories: [.init(value: "DE", count: 600), .init(value: "FR", count: 400)],
                    otherCount: 0, onceCount: 0, hashes: [])))
        return Profile(model: "fraud", modelVersion: "3", rows: 1000, columns: [numeric, country])
    }

    private func give(_ profile: Profile?, to run: Run) -> ProfileAnswer? {
        let answer = Answer<ProfileAnswer>()
        run.pipeline.setProfile(profile.map(Layout.init), model: "fraud", version: "3") {
            answer.set($0)
        }
        return answer.wait()
    }

    private func page(_ run: Run) -> [String] {
        var page = Page(format: .text, body: Buffer(capacity: 4096))
        run.models.watch.write([.watch, .reference], to: &page)
        page.finish()
        return page.bytes.string.split(separator: "\n").map { String($0) }.filter {
            !$0.hasPrefix("#")
        }.sorted()
    }

    private func body(_ numbers: Range<Int>, scale: Double = 0.37) -> String {
        let amounts = numbers.map { "\(Double($0 * 7919 % 1000) * scale)" }.joined(separator: ",")
        let countries = numbers.map { $0 % 3 == 0 ? "\"FR\"" : "\"DE\"" }.joined(separator: ",")
        return
            "{\"model\":\"fraud\",\"version\":\"3\",\"columns\":{\"features\":{\"amount\":[\(amounts)],\"country\":[\(countries)]}}}"
    }

    @Test func `a profile survives a restart with its counts and scores`() throws {
        let folder = try Folder()
        let clock = ManualClock()
        var run = try Run(folder, clock: clock.source)
        #expect(give(profile(), to: run) == .done(.changed))
        #expect(give(profile(), to: run) == .done(.unchanged))
        for step in 0..<4 {
            #expect(run.push(body(step * 50..<step * 50 + 50, scale: 3)) == 200)
            clock.advance(301)
        }
        run.models.watch.evaluateAgain()
        run.models.watch.evaluate(at: clock.source.now)
        let before = page(run)
        #expect(
            before.contains {
                $0.hasPrefix("ml_feature_drifted{") && $0.contains("amount") && $0.hasSuffix(" 1")
            })
        #expect(
            before.contains {
                $0.hasPrefix("ml_feature_drifted{") && $0.contains("country") && $0.hasSuffix(" 0")
            })
        run.stop()
        run = try Run(folder, clock: clock.source)
        #expect(page(run) == before)
        #expect(give(nil, to: run) == .done(.changed))
        #expect(give(nil, to: run) == .done(.unknown))
        run.stop()
        run = try Run(folder, clock: clock.source)
        #expect(page(run).isEmpty)
        run.stop()
    }

    @Test func `a replay of records leads to the counts of the run that wrote them`() throws {
        let folder = try Folder()
        let clock = ManualClock()
        let run = try Run(folder, clock: clock.source)
        #expect(give(profile(), to: run) == .done(.changed))
        for step in 0..<40 {
            #expect(run.push(body(step * 20..<step * 20 + 20, scale: Double(step))) == 200)
            clock.advance(97)
        }
        // As kill -9 leaves it: the folder as it is now, without a last snapshot.
        let copy = try folder.copy()
        run.models.watch.evaluateAgain()
        run.models.watch.evaluate(at: clock.source.now)
        let expected = page(run)
        run.stop()
        let other = try Run(copy, clock: clock.source)
        #expect(page(other) == expected)
        #expect(other.page == run.page)
        other.stop()
    }

    @Test func `features are checked against the profile`() throws {
        let run = try Run(nil)
        #expect(give(profile(), to: run) == .done(.changed))
        let rows = [
            "{\"model\":\"fraud\",\"version\":\"3\",\"features\":{\"amount\":1,\"country\":\"DE\"}}",
            "{\"model\":\"fraud\",\"version\":\"3\",\"features\":{\"amount\":\"many\",\"other\":1}}",
            "{\"model\":\"fraud\",\"version\":\"3\",\"features\":{\"country\":7}}",
            "{\"model\":\"fraud\",\"version\":\"3\"}",
        ]
        #expect(run.push("[\(rows.joined(separator: ","))]") == 200)
        let labels = "feature=\"amount\",model=\"fraud\",version=\"3\""
        #expect(run.value("ml_feature_rows_total{\(labels)}") == "3")
        #expect(run.value("ml_feature_values_total{\(labels)}") == "1")
        #expect(run.value("ml_feature_missing_total{\(labels)}") == "1")
        let country = "feature=\"country\",model=\"fraud\",version=\"3\""
        #expect(run.value("ml_feature_rows_total{\(country)}") == "3")
        #expect(run.value("ml_feature_values_total{\(country)}") == "2")
        #expect(run.value("ml_feature_missing_total{\(country)}") == "1")
        func errors(_ feature: String, reason: String) -> String? {
            run.value(
                "ml_input_validation_errors_total{feature=\"\(feature)\",model=\"fraud\",reason=\"\(reason)\",version=\"3\"}"
            )
        }
        #expect(errors("amount", reason: "type") == "1")
        #expect(errors("other", reason: "extra_column") == "1")
        #expect(errors("country", reason: "type") == nil)
        // A text for a number makes its row invalid, a key too many does not.
        #expect(run.value("ml_input_rows_invalid_total{model=\"fraud\",version=\"3\"}") == "1")
        #expect(!run.page.contains { $0.contains("rows_total") && $0.contains("\"other\"") })
    }

    @Test func `no value, category, id or answer of a row reaches the disk`() throws {
        let folder = try Folder()
        let run = try Run(folder)
        #expect(give(profile(), to: run) == .done(.changed))
        let secrets = ["Atlantis-secret", "req-secret-8812", "class-secret", "label-secret"]
        for version in ["3", "9"] {
            let rows = (0..<50).map { row in
                "{\"model\":\"fraud\",\"version\":\"\(version)\",\"id\":\"req-secret-8812\",\"prediction\":\"class-secret\",\"features\":{\"amount\":\(7_654_321 + row * 1000),\"country\":\"Atlantis-secret\"}}"
            }
            #expect(run.push("[\(rows.joined(separator: ","))]") == 200)
        }
        #expect(
            run.push(
                "{\"type\":\"label\",\"model\":\"fraud\",\"id\":\"req-secret-8812\",\"label\":\"label-secret\"}"
            ) == 200)
        run.stop()
        #expect(!folder.names.isEmpty)
        for name in folder.names {
            let file = try folder.read(name)
            for secret in secrets {
                #expect(!file.contains(Array(secret.utf8)), "\(secret) in \(name)")
            }
            // A value in the middle; the extremes of a window may be there.
            for row in 1..<49 {
                let bits = Double(7_654_321 + row * 1000).bitPattern
                let bytes = (0..<8).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
                #expect(!file.contains(bytes), "row \(row) in \(name)")
            }
        }
    }

    @Test func `the profiles of the settings file come into force and go`() throws {
        let folder = try Folder()
        var run = try Run(folder)
        run.pipeline.setProfiles(ofFiles: [Layout(profile())])
        #expect(waitUntil { run.models.watch.isUsed })
        run.stop()
        run = try Run(folder)
        #expect(run.models.watch.isUsed)
        run.pipeline.setProfiles(ofFiles: [Layout(profile(seed: 5))])
        #expect(
            waitUntil {
                run.models.watch.profile(model: "fraud", version: "3")?.id == profile(seed: 5).id
            })
        run.pipeline.setProfiles(ofFiles: [])
        #expect(waitUntil { !run.models.watch.isUsed })
        run.stop()
    }

    @Test func `pushes during a change of the profile are counted against the one in force`() throws
    {
        let run = try Run(nil)
        for seed in 0..<20 {
            #expect(give(profile(seed: seed), to: run) != nil)
            #expect(run.push(body(0..<30)) == 200)
            let counted = page(run).filter {
                $0.hasPrefix("ml_feature_bin_total{") && $0.contains("amount")
            }
            let sum = counted.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
                .reduce(0, +)
            #expect(sum == 30)
        }
    }
}

extension [UInt8] {
    fileprivate func contains(_ part: [UInt8]) -> Bool {
        guard let first = part.first, count >= part.count else { return false }
        for start in 0...(count - part.count) where self[start] == first {
            if self[start..<start + part.count].elementsEqual(part) { return true }
        }
        return false
    }
}
