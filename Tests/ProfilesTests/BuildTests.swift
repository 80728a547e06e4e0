import Scratch
import Statistics
import Testing

@testable import Profiles

struct BuildTests {
    private func column(_ profile: Profile, _ name: String) throws -> ProfileColumn {
        try #require(profile.columns.first { $0.name == name })
    }

    private func numeric(_ profile: Profile, _ name: String) throws -> NumericSummary {
        guard case .numerical(let summary?, _, _) = try column(profile, name).content else {
            throw TextError(file: name, line: 0, column: 0, sentence: "is not numerical")
        }
        return summary
    }

    private func categorical(_ profile: Profile, _ name: String) throws -> CategoricalSummary {
        guard case .categorical(let summary) = try column(profile, name).content else {
            throw TextError(file: name, line: 0, column: 0, sentence: "is not categorical")
        }
        return summary
    }

    /// Rows of every kind of column.
    private func rows(_ count: Int) -> String {
        var state: UInt64 = 1
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        var text = "amount,small,country,id,mixed,constant,gap,inf\n"
        for row in 0..<count {
            let amount = Double(next()) / 1e5 - 9000
            let small = next() % 7
            let country = ["DE", "FR", "AT", "x\(next() % 900)"][Int(next() % 4)]
            let mixed = row == count / 2 ? "n/a" : "\(next() % 5).0"
            let gap = next() % 3 == 0 ? "" : "\(next() % 1000)"
            let inf = row % 100 == 7 ? "inf" : row % 100 == 8 ? "-inf" : "\(next())"
            text += "\(amount),\(small),\(country),id-\(next())-\(row),\(mixed),3.5,\(gap),\(inf)\n"
        }
        return text
    }

    @Test func `types are inferred, and every column is what it looks like`() throws {
        let (profile, messages) = try build(rows(4000))
        #expect(profile.rows == 4000 && profile.columns.count == 8)
        #expect(try numeric(profile, "amount").coarse.kind == .quantile)
        #expect(try numeric(profile, "amount").coarse.counts == [Int](repeating: 400, count: 10))
        #expect(try numeric(profile, "small").coarse.kind == .discrete)
        #expect(try numeric(profile, "constant").coarse.kind == .constant)
        #expect(
            try categorical(profile, "country").named.map(\.value).sorted() == ["AT", "DE", "FR"])
        #expect(try column(profile, "id").role == .id)
        // Texts stay as they were written, also those before the first that is no number.
        #expect(
            try categorical(profile, "mixed").categories.map(\.value).sorted() == [
                "0.0", "1.0", "2.0", "3.0", "4.0", "n/a",
            ])
        #expect(try categorical(profile, "mixed").valueCount == 4000)
        guard case .numerical(_, let positive, let negative) = try column(profile, "inf").content
        else {
            return #expect(Bool(false))
        }
        #expect((positive, negative) == (40, 40))
        #expect(messages.count == 2)
        #expect(messages.contains { $0.contains("\"id\" is taken as id") })
        #expect(
            messages.contains {
                $0.contains("\"mixed\" is taken as categorical") && $0.contains("\"n/a\"")
            })
    }

    @Test func `any memory and any order of rows give the same profile byte for byte`() throws {
        let text = rows(20_000)
        let (profile, _) = try build(text)
        for memory in [200_000, 1_000_000] {
            let (small, _) = try build(text) { $0.memoryLimit = memory }
            #expect(small.canonical == profile.canonical, "\(memory)")
        }
        var lines = text.split(separator: "\n")
        let header = lines.removeFirst()
        let reversed = ([header] + lines.reversed()).joined(separator: "\n")
        #expect(try build(reversed).profile.id == profile.id)
        let bytes = profile.fileText
        #expect(try Profile(bytes.span, file: "p") == profile)
    }

    @Test func `equal values of more than the memory need no more of it`() throws {
        var text = "a,b\n"
        for row in 0..<60_000 { text += row % 3 == 0 ? "7,1e-300\n" : "5,\(row % 2)e300\n" }
        let (profile, _) = try build(text)
        let (small, _) = try build(text) { $0.memoryLimit = 100_000 }
        #expect(small.id == profile.id)
        #expect(try numeric(small, "a").coarse.counts == [40_000, 20_000])
    }

    @Test func `a JSON number or boolean in a categorical column is its shortest text`() throws {
        let text = "{\"a\":1.0,\"b\":true}\n{\"a\":\"x\",\"b\":2}\n{\"a\":0.10,\"b\":\"y\"}\n"
        let (profile, _) = try build(text, .jsonl)
        #expect(try categorical(profile, "a").categories.map(\.value) == ["0.1", "1", "x"])
        #expect(try categorical(profile, "b").categories.map(\.value) == ["2", "true", "y"])
    }

    @Test func `a number column that has a text is an error where that was asked for`() throws {
        let error = try complaint("a,b\n1,2\n3,x\n") { $0.numeric = ["b"] }
        #expect(
            error == "rows:3:3: column \"b\": \"x\" is not a number, and the column is numerical")
        #expect(
            try complaint("a\n1\n") { $0.target = "b" }
                == "rows: there is no column \"b\" (--target)")
    }

    @Test func `roles and the task follow the flags`() throws {
        var text = "y,yhat,p,sex,note,x\n"
        for row in 0..<60 {
            text += "\(row % 2),\(row % 3 == 0 ? 1 : 0),0.\(row),\(row % 2),n\(row),\(row)\n"
        }
        let (profile, _) = try build(text) {
            $0.target = "y"
            $0.prediction = "yhat"
            $0.score = "p"
            $0.positiveClass = "1"
            $0.groups = ["sex"]
            $0.ignored = ["note"]
        }
        #expect(
            profile.columns.map(\.role) == [
                .target, .prediction, .score, .group, .ignored, .feature,
            ])
        #expect(try categorical(profile, "y").categories.map(\.value) == ["0", "1"])
        #expect(profile.task == .binary && profile.positiveClass == "1")
        #expect(try categorical(profile, "sex").distinctCount == 2)
        let (regression, _) = try build(text.replacing("y,yhat", with: "q,r")) { $0.target = "x" }
        #expect(regression.task == .regression)
    }

    @Test func `hard columns are read back as they are`() throws {
        var text = "huge,tiny,offset,missing,outlier,zero\n"
        for row in 0..<500 {
            text +=
                "\(row % 2 == 0 ? "1e308" : "-1e308"),\(Double(row) * 1e-15),\(1_000_000_000 + row % 9),,"
            text += "\(row == 3 ? "1e12" : "\(row % 50)"),\(row % 2 == 0 ? "-0" : "0.0")\n"
        }
        let (profile, _) = try build(text)
        #expect(try numeric(profile, "huge").scale == Scale(mean: 0, deviation: 1e308))
        #expect(try numeric(profile, "zero").coarse.kind == .constant)
        #expect(
            try column(profile, "missing").content
                == .numerical(nil, positiveInfinite: 0, negativeInfinite: 0))
        #expect(try column(profile, "missing").missing == 500)
        let bytes = profile.fileText
        #expect(try Profile(bytes.span, file: "p") == profile)
    }

    @Test func `many categories lose their names, then their hashes`() throws {
        var text = "a,b\n"
        for row in 0..<24_000 { text += "c\(row % 10_050),d\(row % 10_051)\n" }
        let (profile, _) = try build(text) { $0.categorical = ["a", "b"] }
        #expect(try categorical(profile, "a").hashes?.count == 10_000)
        #expect(try categorical(profile, "b").hashes == nil)
        #expect(try categorical(profile, "b").distinctCount == 10_051)
        #expect(try categorical(profile, "b").binCounts == [24_000])
        let (small, _) = try build(text) {
            $0.categorical = ["a", "b"]
            $0.memoryLimit = 100_000
        }
        #expect(small.id == profile.id)
    }

    @Test func `a profile that would be too large drops the hashes of its largest columns`() throws
    {
        var text = "c0,c1,c2,c3\n"
        for row in 0..<1000 {
            text += (0..<4).map { "\($0)-\(row % (700 - $0 * 10))" }.joined(separator: ",") + "\n"
        }
        let (profile, messages) = try build(text) {
            $0.categorical = ["c0", "c1", "c2", "c3"]
            $0.profileBytes = 40_000
        }
        #expect(profile.fileText.count <= 40_000)
        #expect(
            messages.count == 2 && messages[0].contains("\"c0\"") && messages[1].contains("\"c1\""))
        #expect(try categorical(profile, "c1").hashes == nil)
        #expect(try categorical(profile, "c2").hashes?.count == 630)
        let error = try complaint(text) {
            $0.categorical = ["c0", "c1", "c2", "c3"]
            $0.profileBytes = 1000
        }
        #expect(error.hasSuffix("larger than 1000 bytes"))
    }

    @Test func `coarse bins of every number are unions of fine ones`() throws {
        for bins in [2, 3, 8, 30] {
            let (profile, _) = try build(rows(600)) { $0.bins = bins }
            #expect(try numeric(profile, "amount").coarse.counts.count == bins)
            let bytes = profile.fileText
            #expect(try Profile(bytes.span, file: "p") == profile)
        }
        #expect(!BuildOptions.isPossible(bins: 7) && !BuildOptions.isPossible(bins: 40))
    }
}
