import Statistics
import Testing

@testable import Profiles

struct DocumentTests {
    private static func fraud() throws -> String {
        String(decoding: try bytes(fixtures("profiles/fraud.json")), as: UTF8.self)
    }

    private func read(_ text: String) throws(TextError) -> Profile {
        let bytes = Array(text.utf8)
        return try Profile(bytes.span, file: "p.json")
    }

    private func complaint(_ text: String) -> String {
        do throws(TextError) {
            _ = try read(text)
            return "no error"
        } catch {
            return error.description
        }
    }

    @Test func `the profile of the documentation has its id and survives a round trip`() throws {
        let profile = try read(DocumentTests.fraud())
        #expect(profile.id == "54bfa4cd8a184982")
        #expect(profile.columns.count == 6 && profile.task == .binary)
        #expect(profile.calibration?["fraud"]?.scores == [0.1, 0.3, 0.8])
        #expect(profile.fairness?["gender"]?.ranges?["DI"] == 0.8...1.25)
        let again = try read(String(decoding: profile.fileText, as: UTF8.self))
        #expect(again == profile)
        let canonical = try read(String(decoding: profile.canonical, as: UTF8.self))
        #expect(canonical.id == profile.id && canonical.source == nil)
    }

    @Test func `a profile with every member survives a round trip`() throws {
        var text = try DocumentTests.fraud()
        let mean = String(repeating: "A", count: 22) + "=="
        let components = [String](repeating: "\"\(mean)\"", count: 16).joined(separator: ",")
        let more = """
            "vectors": {"v": {"length": 4, "mean": "\(mean)", "components": [\(components)]}},
            "texts": {"t": {"words": ["0000000000000001", "ffffffffffffffff"]}},
            "segments": {"country": [{"group": "DE", "rows": 100, "columns": [
              {"name": "amount", "missing": 1, "counts": [1, 2, 3], "z_sums": [-1, 0.5, 2], "fine_counts": [1, 2, 3]},
              {"name": "prediction", "missing": 0, "counts": [50, 50, 0, 0]}]}]},
             "fairness":
            """
        text = text.replacing("\"fairness\":", with: more)
            .replacing("\"profile_id\": \"54bfa4cd8a184982\",", with: "")
        let profile = try read(text)
        #expect(profile.segments?["country"]?[0].columns[0].zSums == [-1, 0.5, 2])
        #expect(profile.texts?["t"] == [1, .max])
        let again = try read(String(decoding: profile.fileText, as: UTF8.self))
        #expect(again == profile && again.id != "54bfa4cd8a184982")
    }

    /// What is replaced in the profile, by what, and what the error then says.
    private static let mistakes: [(String, String, String)] = [
        (
            "\"profile_version\": 1", "\"profile_version\": 2",
            "p.json:2:21: profile_version: only version 1"
        ),
        (
            "54bfa4cd8a184982", "54bfa4cd8a184983",
            "p.json:2:38: profile_id: \"54bfa4cd8a184983\" is not the id"
        ),
        (
            "\"rows\": 240, \"task\"", "\"rows\": 241, \"task\"",
            "column \"amount\": 240 rows, the profile has 241"
        ),
        ("\"mean\": 204.34782608695653", "\"mean\": NaN", "p.json:7:26: NaN is not JSON"),
        (
            "\"mean\": 204.34782608695653", "\"mean\": 1e999",
            "p.json:7:26: the number does not fit a double"
        ),
        (
            "\"mean\": 204.34782608695653", "\"mean\": 1000",
            "columns[0].numerical: min <= mean <= max"
        ),
        (
            "[10.0, 12.5], \"counts\": [100, 80, 50], \"z_sums\"",
            "[12.5, 10.0], \"counts\": [100, 80, 50], \"z_sums\"",
            "p.json:8:13: columns[0].numerical.bins: upper_edges: must ascend"
        ),
        (
            "\"counts\": [100, 80, 50], \"z_sums\"", "\"counts\": [100, 80], \"z_sums\"",
            "columns[0].numerical.bins: counts: 2 edges need 3 counts, found 2"
        ),
        (
            "\"counts\": [100, 80, 50], \"z_sums\"", "\"counts\": [100, 80, 51], \"z_sums\"",
            "the counts of bins are not the sums of those of fine_bins"
        ),
        (
            "\"counts\": [100, 80, 50], \"z_sums\"", "\"counts\": [100, 80, -50], \"z_sums\"",
            "bins.counts[2]: expected a whole number from 0 to 2^53"
        ),
        (
            "\"counts\": [100, 80, 50], \"z_sums\"", "\"counts\": [100, 80, 50.5], \"z_sums\"",
            "bins.counts[2]: expected a whole number"
        ),
        (
            "\"missing\": 10", "\"missing\": 11",
            "p.json:6:3: columns[0]: counts, missing and infinite values add up to 241, not to the 240 rows"
        ),
        ("\"name\": \"country\"", "\"name\": \"amount\"", "columns: \"amount\" occurs twice"),
        (
            "\"value\": \"FR\"", "\"value\": \"DE\"",
            "columns[1].categorical: categories: one of them occurs twice"
        ),
        (
            "\"other_count\": 7", "\"other_count\": 8",
            "columns[1]: counts, missing and infinite values add up to 241"
        ),
        (
            "\"distinct_count\": 7", "\"distinct_count\": 8",
            "distinct_count: is not the number of categories and hashes"
        ),
        (
            "\"e1d6319fdcb9a70a\"", "\"e1d6319fdcb9a70\"",
            "hashes[1]: expected 16 lower-case hexadecimal digits"
        ),
        ("\"e1d6319fdcb9a70a\"", "\"01d6319fdcb9a70a\"", "hashes: the hashes must ascend"),
        ("\"role\": \"score\"", "\"role\": \"scores\"", "columns[3]: role: expected feature"),
        (
            "\"name\": \"request\"", "\"nam\": \"request\"",
            "p.json:23:3: columns[5]: member \"name\" is missing"
        ),
        ("\"attribution\"", "\"attributes\"", "\"attributes\": unknown member"),
        (
            "\"y\": [0.06666666666666667, 0.2, 1.0]", "\"y\": [0.3, 0.2, 1.0]",
            "calibration.fraud: y must lie between 0 and 1 and must not fall"
        ),
        ("\"accuracy\"", "\"acuracy\"", "performance.metrics: \"acuracy\" is not a known metric"),
        (
            "\"ranges\": {\"DI\": [0.8, 1.25]}", "\"ranges\": {\"DI\": [1.8, 1.25]}",
            "fairness.gender.ranges.DI: expected [low, high]"
        ),
        (
            "\"task\": \"binary\"", "\"task\": \"ranking\"",
            "task: expected binary, multiclass or regression"
        ),
        ("\"task\": \"binary\"", "\"task\": null", "task: expected a string, found null"),
        (
            "\"rows\": 240, \"task\"", "\"rows\": 240, \"rows\": 240, \"task\"",
            "member \"rows\" occurs twice"
        ),
    ]

    @Test(arguments: mistakes)
    func `a mistake is named with line, column and member`(old: String, new: String, error: String)
        throws
    {
        let text = try DocumentTests.fraud()
        let changed = text.replacing(old, with: new, maxReplacements: 1)
        #expect(changed != text)
        let found = complaint(changed)
        #expect(found.contains(error), "\(found)")
    }

    @Test func `a profile that is cut anywhere is an error`() throws {
        let text = try DocumentTests.fraud()
        let end = text.lastIndex(of: "}").map { text.distance(from: text.startIndex, to: $0) } ?? 0
        for length in stride(from: 0, to: end, by: 7) {
            #expect(complaint(String(text.prefix(length))) != "no error")
        }
    }

    @Test func `other texts are errors`() {
        #expect(complaint("") == "p.json:1:1: the text is empty")
        #expect(complaint("[1]") == "p.json:1:1: : expected an object, found an array")
        #expect(complaint("{\"a\":\n 01}") == "p.json:2:2: not a JSON number")
        #expect(complaint("{} x").hasPrefix("p.json:1:4: unexpected text"))
        #expect(
            complaint(String(repeating: "[", count: 40)) == "p.json:1:33: nested more than 32 deep")
        #expect(complaint("{\"a\": \"\\ud800\"}").hasSuffix("an escaped surrogate stands alone"))
        let large = [UInt8](repeating: 0x20, count: 5 << 20)
        #expect(throws: TextError.self) { try Profile(large.span, file: "p.json") }
        let invalid = Array("{\"a\": \"".utf8) + [0xFF] + Array("\"}".utf8)
        #expect(throws: TextError(file: "p", line: 1, column: 8, sentence: "invalid UTF-8")) {
            try Profile(invalid.span, file: "p")
        }
    }

    /// Numbers of RFC 8785, appendix B, and others.
    private static let numbers: [(UInt64, String)] = [
        (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"), (0x8000_0000_0000_0001, "-5e-324"),
        (0x7FEF_FFFF_FFFF_FFFF, "1.7976931348623157e+308"),
        (0xFFEF_FFFF_FFFF_FFFF, "-1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"), (0xC340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44B5_2D02_C7E1_4AF5, "9.999999999999997e+22"),
        (0x44B5_2D02_C7E1_4AF6, "1e+23"), (0x44B5_2D02_C7E1_4AF7, "1.0000000000000001e+23"),
        (0x444B_1AE4_D6E2_EF4E, "999999999999999700000"),
        (0x444B_1AE4_D6E2_EF4F, "999999999999999900000"), (0x444B_1AE4_D6E2_EF50, "1e+21"),
        (0x3EB0_C6F7_A0B5_ED8C, "9.999999999999997e-7"), (0x3EB0_C6F7_A0B5_ED8D, "0.000001"),
        (0x41B3_DE43_5555_5553, "333333333.3333332"), (0x41B3_DE43_5555_5554, "333333333.33333325"),
        (0x41B3_DE43_5555_5555, "333333333.3333333"), (0x41B3_DE43_5555_5556, "333333333.3333334"),
        (0x41B3_DE43_5555_5557, "333333333.33333343"),
        (0xBECB_F647_612F_3696, "-0.0000033333333333333333"),
        (0x4314_3FF3_C1CB_0959, "1424953923781206.2"),
    ]

    @Test(arguments: numbers)
    func `numbers are printed as RFC 8785 says`(bits: UInt64, text: String) {
        let number = Double(bitPattern: bits)
        #expect(String(decoding: CanonicalJSON.bytes(.number(number)), as: UTF8.self) == text)
        #expect(Double(text) == number)
    }

    @Test func `members are sorted by UTF-16 and strings escaped as RFC 8785 says`() {
        let node = JSONNode.object([
            .init("\u{20ac}", value: .string("Euro")),
            .init("\r", value: .string("\u{F}\n\"\\/\u{7F}")),
            .init("\u{fb33}", value: .number(1)), .init("1", value: .boolean(true)),
            .init("\u{1f600}", value: .array([JSONNode(.null)])),
            .init("\u{80}", value: .string("\u{08}")),
        ])
        let text = String(decoding: CanonicalJSON.bytes(node), as: UTF8.self)
        #expect(
            text == "{\"\\r\":\"\\u000f\\n\\\"\\\\/\u{7F}\",\"1\":true,\"\u{80}\":\"\\b\","
                + "\"\u{20ac}\":\"Euro\",\"\u{1f600}\":[null],\"\u{fb33}\":1}")
    }
}
