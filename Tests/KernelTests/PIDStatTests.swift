import Kernel
import Testing

struct ProcessFieldsTests {
    /// Fields 4 to 52 are their own numbers.
    private static let behind = (4...52).map { "\($0)" }.joined(separator: " ")

    private func read(_ text: String, fields: [Int]) -> String? {
        let bytes = Array(text.utf8)
        guard var line = PIDStat(bytes.span) else { return nil }
        let state = line.state().map { String(Unicode.Scalar($0)) } ?? "-"
        return ([state] + fields.map { line.number($0).map { "\($0)" } ?? "-" })
            .joined(separator: " ")
    }

    @Test(arguments: ["sh", "", "a) R 1 (b", ") ", "(", "\n", "(sd-pam)", "tab\there"])
    func `fields are counted behind the name, whatever it is`(name: String) {
        let text = "7 (\(name)) S \(Self.behind)\n"
        #expect(read(text, fields: [14, 15, 20, 22, 52]) == "S 14 15 20 22 52")
        #expect(read(text, fields: [22, 52, 53]) == "S 22 52 -")
    }

    @Test func `without the end of a name there is no field`() {
        for text in ["", "7", "7 (sh", "7 sh S 1 2 3"] {
            #expect(read(text, fields: []) == nil, "\(text)")
        }
    }

    @Test func `what is cut off is nil, and what stands before it is there`() {
        #expect(read("7 (sh) S 4 5 6", fields: [4, 6, 7, 8]) == "S 4 6 - -")
        #expect(read("7 (sh) S", fields: [4]) == "S -")
        #expect(read("7 (sh) ", fields: [4]) == "- -")
        #expect(read("7 (sh)", fields: [4]) == "- -")
    }

    @Test func `a field that is no number is nil, and the next one is read`() {
        #expect(
            read("7 (sh) SS 4 -5 6x 18446744073709551616 8", fields: [4, 5, 6, 7, 8])
                == "- 4 - - - 8")
    }

    @Test func `bytes that are no text are survived`() {
        for seed in 0..<64 {
            let bytes = (0..<200).map { UInt8(truncatingIfNeeded: ($0 &+ seed) &* 167 &+ 13) }
            // A bracket somewhere, and nothing behind it that is a number.
            guard var fields = PIDStat(bytes.span) else {
                #expect(!bytes.contains(0x29))
                continue
            }
            _ = fields.state()
            let number = fields.number(22)
            #expect(number == nil)
        }
    }

    @Test func `times are seconds, whatever the kernel's tick is`() {
        let bytes = Array("7 (a) S 1 1 1 0 -1 0 0 0 0 0 250 50 0 0".utf8)
        guard var line = PIDStat(bytes.span) else {
            Issue.record("the line is not understood")
            return
        }
        let (user, system, missing) = (line.seconds(14), line.seconds(15), line.seconds(40))
        #expect(user == 250 / Clock.ticksPerSecond && system == 50 / Clock.ticksPerSecond)
        #expect(missing == nil && Clock.ticksPerSecond > 0)
    }
}
