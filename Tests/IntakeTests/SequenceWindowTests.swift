import Testing

@testable import Intake

struct SequenceWindowTests {
    @Test func `a number is fresh once, in any order`() {
        var window = SequenceWindow()
        for number: UInt64 in [3, 1, 2, 10, 7] {
            #expect(window.see(number) == .fresh(lost: 0))
            #expect(window.see(number) == .known)
        }
        #expect(window.highest == 10)
    }

    @Test func `a number that leaves the window unseen is lost`() {
        var window = SequenceWindow()
        #expect(window.see(1) == .fresh(lost: 0))
        #expect(window.see(1025) == .fresh(lost: 0))
        #expect(window.see(1026) == .fresh(lost: 1))
        // 2 has left, 3 has not.
        #expect(window.see(2) == .known)
        #expect(window.see(3) == .fresh(lost: 0))
        #expect(window.see(1027) == .fresh(lost: 0))
    }

    @Test func `a leap loses what was never inside as well`() {
        var window = SequenceWindow()
        #expect(window.see(1) == .fresh(lost: 0))
        // The window is now 3977...5000: 2...3976 were not seen.
        #expect(window.see(5000) == .fresh(lost: 3975))
        #expect(window.see(3976) == .known)
        #expect(window.see(3977) == .fresh(lost: 0))
        #expect(window.see(4999) == .fresh(lost: 0))
    }

    @Test func `what came before we knew the producer is not lost`() {
        var window = SequenceWindow()
        #expect(window.see(5000) == .fresh(lost: 0))
        #expect(window.see(4990) == .fresh(lost: 0))
        #expect(window.see(6024) == .fresh(lost: 0))
        #expect(window.see(6025) == .fresh(lost: 1))
    }

    @Test func `a model of the window agrees with it`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            var window = SequenceWindow()
            var seen: Set<UInt64> = []
            var highest: UInt64 = 0
            var lost: UInt64 = 0
            for _ in 0..<3000 {
                let step = UInt64.random(in: 0..<40, using: &generator)
                let leap: UInt64 = UInt8.random(in: 0...255, using: &generator) == 0 ? 2000 : 0
                let number = max(highest + step + leap, 20) - UInt64.random(in: 0..<20)
                if seen.isEmpty, number > 1024 { continue }
                let isKnown = seen.contains(number) || number + 1024 <= highest
                let sighting = window.see(number)
                if case .fresh(let more) = sighting {
                    #expect(!isKnown)
                    lost += more
                    seen.insert(number)
                    highest = max(highest, number)
                } else {
                    #expect(isKnown)
                }
            }
            let left = highest > 1024 ? highest - 1024 : 0
            let unseen = left - UInt64(seen.count { $0 <= left })
            #expect(lost == unseen)
        }
    }

    @Test func `the largest numbers do no harm`() {
        var window = SequenceWindow()
        #expect(window.see(1) == .fresh(lost: 0))
        let large: UInt64 = 9_999_999_999_999_999_999
        #expect(window.see(large) == .fresh(lost: large - 1024 - 1))
        #expect(window.see(large - 1) == .fresh(lost: 0))
    }

    @Test func `a forgotten number may come again`() {
        var window = SequenceWindow()
        #expect(window.see(5) == .fresh(lost: 0))
        window.forget(5)
        #expect(window.see(5) == .fresh(lost: 0))
        #expect(window.see(5) == .known)
    }
}
