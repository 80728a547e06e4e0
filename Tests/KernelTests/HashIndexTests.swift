import Kernel
import Testing

struct HashIndexTests {
    /// Hashes of which many share a slot.
    private func hashes(_ count: Int) -> [Int] { (0..<count).map { ($0 % 7) &* 64 &- $0 / 7 } }

    @Test func `entries are found by hash and key while the index grows`() {
        var index = HashIndex()
        let hashes = hashes(300)
        for (number, hash) in hashes.enumerated() {
            #expect(index.number(of: hash, matches: { $0 == number }) == nil)
            index.append(hash)
            #expect(index.count == number + 1)
        }
        for (number, hash) in hashes.enumerated() {
            #expect(index.number(of: hash, matches: { $0 == number }) == number)
            #expect(index.hash(of: number) == hash)
        }
        #expect(index.number(of: 1 << 40, matches: { _ in true }) == nil)
    }

    @Test func `entries with equal hashes differ by their keys`() {
        var index = HashIndex()
        for _ in 0..<5 { index.append(3) }
        for number in 0..<5 { #expect(index.number(of: 3, matches: { $0 == number }) == number) }
        #expect(index.number(of: 3, matches: { _ in false }) == nil)
    }

    @Test func `an emptied index has no entry, and takes new ones`() {
        var index = HashIndex(capacity: 16)
        for round in 1...3 {
            for hash in hashes(50 * round) { index.append(hash) }
            let bytes = index.byteCount
            index.removeAll()
            #expect(index.count == 0 && index.byteCount == bytes)
            for hash in hashes(200) {
                #expect(index.number(of: hash, matches: { _ in true }) == nil)
            }
        }
        index.append(-5)
        #expect(index.number(of: -5, matches: { _ in true }) == 0)
    }

    @Test func `equal texts have equal hashes`() {
        func hash(_ text: String) -> Int { text.utf8Span.span.keyedHash }
        #expect(hash("name") == hash(["n", "ame"].joined()))
        #expect(hash("name") != hash("nam"))
    }
}
