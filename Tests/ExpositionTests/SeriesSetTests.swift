import Testing

@testable import Exposition

struct SeriesSetTests {
    @Test func `a series is in the set once, until it is removed`() {
        var set = SeriesSet()
        let isNew = [7, 7, 0, 0].map { set.insert($0) }
        #expect(isNew == [true, false, true, false])
        for identity in [7, 0, 9] as [UInt64] { set.remove(identity) }
        #expect(set.count == 0)
        let isNewAgain = set.insert(7)
        #expect(isNewAgain)
    }

    @Test func `it agrees with Set, in any order of inserting, removing and emptying`() {
        var set = SeriesSet()
        var reference: Set<UInt64> = []
        var random = SystemRandomNumberGenerator()
        for round in 0..<20_000 {
            // Few low bits make long runs of occupied slots.
            let identity = UInt64.random(in: 0..<512, using: &random) << 2
            if round % 5_000 == 4_999 {
                set.removeAll()
                reference.removeAll()
            } else if round % 3 == 0 {
                set.remove(identity)
                reference.remove(identity)
            } else {
                let isNew = set.insert(identity)
                let isMissing = reference.insert(identity).inserted
                #expect(isNew == isMissing)
            }
            #expect(set.count == reference.count)
        }
        for identity in reference { set.remove(identity) }
        #expect(set.count == 0)
    }

    @Test func `it grows with its series and shrinks when they are removed`() {
        var set = SeriesSet(capacity: 64)
        for identity in 0..<10_000 as Range<UInt64> { _ = set.insert(identity &* 0x9E37_79B9) }
        #expect(set.count == 10_000)
        for identity in 0..<9_999 as Range<UInt64> { set.remove(identity &* 0x9E37_79B9) }
        #expect(set.count == 1)
        let isKnown = !set.insert(9_999 &* 0x9E37_79B9)
        #expect(isKnown)
    }
}
