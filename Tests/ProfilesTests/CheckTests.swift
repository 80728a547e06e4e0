import Scratch
import Statistics
import Testing

@testable import Profiles

struct CheckTests {
    private func rows(_ count: Int, shift: Double = 0, missing: Int = 0, country: String = "DE")
        -> String
    {
        var state: UInt64 = 99
        func next() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 33) * 0x1p-31
        }
        var text = "amount,age,country\n"
        for row in 0..<count {
            let amount = (0..<12).reduce(-6) { sum, _ in sum + next() } + shift
            let home = next() < 0.5 ? country : next() < 0.5 ? "FR" : "AT"
            text += "\(amount),\(row < missing ? "" : "\(Int(next() * 60))"),\(home)\n"
        }
        return text
    }

    private func check(
        _ current: String, against reference: String, _ format: RowReader.Format = .csv,
        _ change: (inout BuildOptions) -> Void = { _ in }
    ) throws -> CheckReport {
        let (profile, _) = try build(reference, .csv, change)
        let folder = try Folder()
        try folder.write(current, to: "current")
        let input = try InputFile("\(folder.path)/current", temporaryFolder: folder.path)
        return try ProfileCheck.check(input, format: format, against: profile)
    }

    @Test func `the reference itself has nothing to find`() throws {
        let report = try check(rows(3000), against: rows(3000))
        #expect(!report.hasDrift && !report.hasQualityFinding)
        #expect(report.columns.map(\.hasDrifted) == [false, false, false])
        #expect(report.columns.allSatisfy { $0.scores?.psi == 0 && $0.sentences.isEmpty })
    }

    @Test func `a shift is found in its column only, with a sentence`() throws {
        let report = try check(rows(1000, shift: 1), against: rows(3000))
        #expect(report.columns.map(\.hasDrifted) == [true, false, false])
        let sentence = try #require(report.columns[0].sentences.first)
        #expect(sentence.contains("of 1,000 rows are above") && sentence.contains("in training"))
        #expect(sentence.hasSuffix("by chance in less than one window of a million"))
        #expect((report.columns[0].fine?.rankShift ?? 0) > 0.4)
    }

    @Test func `missing values, types and categories are quality`() throws {
        let text = rows(1000, missing: 120, country: "XX")
        let report = try check(text, against: rows(3000))
        let age = report.columns[1]
        #expect(age.quality.filter(\.isFinding).map(\.kind) == [.missing])
        #expect(age.missing == 120 && age.hasDrifted == false)
        #expect(age.sentences == ["12 % of 1,000 rows are missing, in training 0 %"])
        let country = report.columns[2]
        #expect(country.quality.filter(\.isFinding).map(\.kind) == [.unseen])
        #expect(country.unseenNames.first?.value == "XX" && country.hasDrifted == true)
        #expect(
            country.sentences[0].contains(
                "are categories that training did not have, in training 0 %"))
        let wrong = text.replacing(",XX\n", with: ",XX\n\u{20}x,1,FR\n", maxReplacements: 60)
        let types = try check(wrong, against: rows(3000)).columns[0]
        #expect(types.quality.filter(\.isFinding).map(\.kind) == [.type] && types.missing == 0)
    }

    @Test func `few rows are not judged`() throws {
        let report = try check(rows(40, shift: 3), against: rows(3000))
        #expect(report.columns.map(\.hasDrifted) == [nil, nil, nil])
        #expect(report.columns[0].sentences.first == "not evaluated: 40 values, 50 are needed")
        #expect(!report.hasDrift)
    }

    @Test func `a feature that the file lacks is missing in every row`() throws {
        let report = try check("amount,other\n1,2\n2,3\n0,1\n", against: rows(200))
        #expect(report.extraColumns == ["other"])
        #expect(
            report.columns[1].missing == 3
                && report.columns[1].sentences == ["the column is missing"])
        #expect(report.columns[1].quality.first { $0.kind == .missing }?.isFinding == true)
        let target = try check("amount,age\n1,2\n", against: rows(200)) { $0.target = "country" }
        #expect(
            target.columns[2].quality.isEmpty
                && target.columns[2].sentences == ["not in the file, not evaluated"])
        #expect(throws: InputError.self) { try check("q\n1\n", against: rows(200)) }
    }

    @Test func `a JSON string is no number, a JSON number is a category`() throws {
        var reference = "a,b\n"
        var lines = ""
        for row in 0..<200 {
            reference += "\(row % 5),\(row % 2)\n"
            lines += "{\"a\":\"\(row % 5)\",\"b\":\(row % 2).0}\n"
        }
        let report = try check(lines, against: reference, .jsonl) { $0.categorical = ["b"] }
        #expect(report.columns[0].quality.first { $0.kind == .type }?.count == 200)
        #expect(report.columns[1].scores?.psi == 0 && report.columns[1].hasDrifted == false)
    }

    @Test func `amounts are written for people`() {
        #expect(Amounts.count(4210) == "4,210" && Amounts.count(-1_234_567) == "-1,234,567")
        #expect(Amounts.percent(0.314) == "31 %" && Amounts.percent(0.0123) == "1.2 %")
        #expect(Amounts.percent(0) == "0 %" && Amounts.percent(1) == "100 %")
        #expect(
            Amounts.percent(0.99999) == "more than 99 %"
                && Amounts.percent(1e-9) == "less than 0.001 %")
        #expect(Amounts.chance(0.01234) == "0.0123" && Amounts.chance(3.14e-21) == "3.1e-21")
        #expect(
            Amounts.chance(9.999e-7) == "1e-6" && Amounts.chance(0) == "0"
                && Amounts.chance(.leastNonzeroMagnitude) == "4.9e-324")
        #expect(Amounts.value(812.3456789) == "812.346" && Amounts.value(1e-12) == "1e-12")
        #expect(Amounts.howOften(0.0002) == "by chance in one window of 5,000")
    }
}
