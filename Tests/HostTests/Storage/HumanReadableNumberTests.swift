import Testing

@testable import Host

/// Numbers as bcache and bcachefs abbreviate them.
struct AbbreviationTests {
    private func bcache(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        return HumanReadableNumber.bcache(bytes.span)
    }

    private func bcachefs(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        return HumanReadableNumber.bcachefs(bytes.span)
    }

    @Test func `bcache's digits behind the point are hundredths of 1024`() {
        #expect(bcache("0") == 0)
        #expect(bcache("1305") == 1305)
        #expect(bcache("20.4G") == ((20 + 4 / 10.24) * 1_073_741_824).rounded(.down))
        #expect(bcache("3.0M") == 3_145_728)
        #expect(bcache("-427.5k") == -((427 + 5 / 10.24) * 1024).rounded(.down))
    }

    @Test func `bcachefs writes decimal fractions`() {
        #expect(bcachefs("512k") == 524_288)
        #expect(bcachefs(" 2.05G ") == (2.05 * 1_073_741_824).rounded(.down))
        #expect(bcachefs("17") == 17)
    }

    @Test(arguments: ["", "k", "x", "1.k.2", "nan", "1e999", "--1", "1 2", "\u{0}", "9x"])
    func `anything else is no number`(text: String) {
        #expect(bcache(text) == nil)
        #expect(bcachefs(text) == nil)
    }

    @Test func `a counter of bcachefs is the one since the file system was made`() {
        func counter(_ text: String) -> Double? {
            let bytes = Array(text.utf8)
            return HumanReadableNumber.sinceCreation(bytes.span)
        }
        #expect(counter("since mount:   7\nsince filesystem creation:  70225874\n") == 70_225_874)
        #expect(counter("since mount:   7\n") == nil)
        #expect(counter("since filesystem creation:\n") == nil)
    }
}
