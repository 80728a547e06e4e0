import Kernel
import Testing

@testable import Intake

struct ProducerSnapshotTests {
    @Test func `what a snapshot holds comes back`() {
        let before = ProducerTable()
        let now = Clock.monotonicNanoseconds
        for sequence: UInt64 in [1, 2, 5, 3000] {
            _ = before.decide(
                IdempotencyKey(producer: "ä/1", start: 7, sequence: sequence), now: now)
        }
        _ = before.decide(IdempotencyKey(producer: "b", start: 9, sequence: 1), now: now)
        _ = before.decide(IdempotencyKey(producer: "b", start: 10, sequence: 1), now: now)
        before.recordSuccess(IdempotencyKey(producer: "b", start: 10, sequence: 1), at: 12.5)
        let after = ProducerTable()
        let isTaken = after.restore(before.image.bytes(of: 0).span)
        #expect(isTaken)
        #expect(after.list.map(\.producer) == ["b", "ä/1"])
        #expect(after.list.map(\.number) == before.list.map(\.number))
        #expect(after.successes.map(\.time) == [12.5])
        func decide(_ producer: String, start: UInt64, sequence: UInt64)
            -> ProducerTable.Decision
        {
            after.decide(
                IdempotencyKey(producer: producer, start: start, sequence: sequence), now: now)
        }
        #expect(decide("ä/1", start: 7, sequence: 3000) == .duplicate)
        #expect(decide("ä/1", start: 7, sequence: 2999) == .apply(1))
        #expect(decide("b", start: 9, sequence: 1) == .duplicate)
        #expect(decide("b", start: 8, sequence: 1) == .staleStart)
        #expect(decide("c", start: 1, sequence: 1) == .apply(3))
    }

    @Test func `many producers are several sections, which keep what they held`() {
        let before = ProducerTable()
        let now = Clock.monotonicNanoseconds
        func key(_ number: Int, sequence: UInt64 = 1) -> IdempotencyKey {
            IdempotencyKey(producer: "p\(number)", start: 1, sequence: sequence)
        }
        for number in 0..<2_500 { _ = before.decide(key(number), now: now) }
        let image = before.image
        // Later than the image.
        for number in 2_000..<3_000 { _ = before.decide(key(number, sequence: 2), now: now) }
        #expect(image.sectionCount == 3)
        let after = ProducerTable()
        for section in 0..<image.sectionCount {
            let isTaken = after.restore(image.bytes(of: section).span)
            #expect(isTaken)
        }
        #expect(after.list.count == 2_500)
        #expect(after.decide(key(2_400), now: now) == .duplicate)
        #expect(after.decide(key(2_400, sequence: 2), now: now) == .apply(2_401))
        #expect(after.decide(key(2_600), now: now) == .apply(2_501))
    }

    @Test func `bytes that are no snapshot change nothing`() {
        let producers = ProducerTable()
        _ = producers.decide(
            IdempotencyKey(producer: "a", start: 1, sequence: 1), now: Clock.monotonicNanoseconds)
        let whole = producers.image.bytes(of: 0)
        for length in 0..<whole.count {
            let isTaken = producers.restore(Array(whole.prefix(length)).span)
            #expect(!isTaken)
        }
        let isTaken = producers.restore((whole + [0]).span)
        #expect(!isTaken && producers.list.count == 1)
        // The form, the count of producers, the length of the name.
        for place in [0, 2, 3] {
            var damaged = whole
            damaged[place] = 0x7F
            let isDamagedTaken = producers.restore(damaged.span)
            #expect(!isDamagedTaken, "\(place)")
        }
        #expect(producers.list.map(\.producer) == ["a"])
    }

    @Test func `no damaged byte of a snapshot is met with a trap`() {
        let producers = ProducerTable()
        let now = Clock.monotonicNanoseconds
        _ = producers.decide(IdempotencyKey(producer: "a", start: 1, sequence: 70), now: now)
        let whole = producers.image.bytes(of: 0)
        for place in whole.indices {
            for byte: UInt8 in [0, 0x7F, 0xFF] {
                var damaged = whole
                damaged[place] = byte
                producers.reset()
                _ = producers.restore(damaged.span)
                #expect(producers.list.count <= 1, "\(place)")
                _ = producers.decide(
                    IdempotencyKey(producer: "a", start: 1, sequence: 71), now: now)
                producers.reset()
                let isTaken = producers.restore(whole.span)
                #expect(isTaken)
            }
        }
    }
}
