import Kernel
import Testing

struct TerminatedTests {
    @Test(
        arguments: [
            ([], ""), ([0], ""), ([0x61, 0, 0x62], "a"), ([0x61, 0x62], "ab"),
            ([-61, -92, 0], "ä"), ([-1, 0x62, 0], "\u{FFFD}b"),
        ] as [([CChar], String)])
    func `a text ends at its first NUL or with its buffer`(buffer: [CChar], text: String) {
        #expect(String(terminated: buffer) == text)
    }
}
