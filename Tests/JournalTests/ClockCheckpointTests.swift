import Testing

@testable import Journal

@Suite struct ClockCheckpointTests {
    private let note = ClockCheckpoint(
        boot: "1f0c1a52-8b8e-4a4f-9d5e-0b6f3a9c7e11", monotonicOffset: 1_795_000_000_123_456_789,
        correction: -21_600_000_000_000)

    @Test func `a note is read as it was written`() {
        let line = note.line
        #expect(ClockCheckpoint(line.span) == note)
        #expect(line.last == 0x0A)
        #expect(line.count < 256)
    }

    @Test func `a note that was cut off, or has a byte changed, says nothing`() {
        let line = note.line
        for count in line.indices {
            let part = Array(line[..<count])
            let isRead = ClockCheckpoint(part.span) != nil
            #expect(!isRead, "\(count) bytes")
        }
        for place in line.indices {
            for bit in 0..<8 {
                var damaged = line
                damaged[place] ^= 1 << bit
                let isRead = ClockCheckpoint(damaged.span) != nil
                #expect(!isRead, "byte \(place), bit \(bit)")
            }
        }
    }

    @Test(arguments: ["", "\n", "4711\n", "a b c d\n", "a 1 2\n", "a 1 2 3 4\n"])
    func `foreign text says nothing`(text: String) {
        let bytes = Array(text.utf8)
        let isRead = ClockCheckpoint(bytes.span) != nil
        #expect(!isRead)
    }
}
