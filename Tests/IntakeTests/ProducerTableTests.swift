import Kernel
import Testing

@testable import Intake

struct ProducerTableTests {
    private func key(_ id: String, start: UInt64, sequence: UInt64) -> IdempotencyKey {
        IdempotencyKey(producer: id, start: start, sequence: sequence)
    }

    @Test func `each batch of each start is applied once`() {
        let producers = ProducerTable()
        #expect(producers.decide(key("a", start: 1, sequence: 1), now: 1) == .apply(1))
        #expect(producers.decide(key("a", start: 1, sequence: 1), now: 1) == .duplicate)
        #expect(producers.decide(key("a", start: 2, sequence: 1), now: 1) == .apply(1))
        #expect(producers.decide(key("b", start: 1, sequence: 1), now: 1) == .apply(2))
        #expect(producers.duplicates == 1)
    }

    @Test func `two starts are kept and an older one is stale`() {
        let producers = ProducerTable()
        for start: UInt64 in [10, 30, 20] {
            #expect(producers.decide(key("a", start: start, sequence: 1), now: 1) == .apply(1))
        }
        #expect(producers.decide(key("a", start: 10, sequence: 2), now: 1) == .staleStart)
        #expect(producers.decide(key("a", start: 20, sequence: 1), now: 1) == .duplicate)
        #expect(producers.decide(key("a", start: 30, sequence: 2), now: 1) == .apply(1))
        #expect(producers.list.map(\.sequence) == [2])
    }

    @Test func `beyond the limit the longest silent producer is replaced`() {
        var limits = ProducerTable.Limits()
        limits.producers = 2
        let producers = ProducerTable(limits)
        #expect(producers.decide(key("a", start: 1, sequence: 1), now: 1) == .apply(1))
        #expect(producers.decide(key("b", start: 1, sequence: 1), now: 2) == .apply(2))
        #expect(producers.decide(key("a", start: 1, sequence: 2), now: 3) == .apply(1))
        #expect(producers.decide(key("c", start: 1, sequence: 1), now: 4) == .apply(3))
        #expect(producers.list.map(\.producer) == ["a", "c"])
        // The one that was replaced is a new producer.
        #expect(producers.decide(key("b", start: 1, sequence: 1), now: 5) == .apply(4))
        #expect(producers.list.map(\.producer) == ["b", "c"])
        let other = ProducerTable(limits)
        let bytes = producers.image.bytes(of: 0)
        let isRestored = other.restore(bytes.span)
        #expect(isRestored)
        #expect(other.decide(key("d", start: 1, sequence: 1), now: 6) == .apply(5))
        #expect(other.list.count == 2)
    }

    @Test func `a hundred thousand recycled producers are all admitted, in linear time`() {
        let producers = ProducerTable()
        for number in 1...100_000 as ClosedRange<UInt64> {
            let decision = producers.decide(
                key("worker-\(number)", start: 1, sequence: 1), now: number)
            #expect(decision == .apply(number))
        }
        #expect(producers.list.count == 10_000)
    }

    @Test func `a start more than a day ahead is refused and locks nothing`() {
        let producers = ProducerTable()
        let day: UInt64 = 86_400_000_000_000
        let real: UInt64 = 1_795_000_000_000_000_000
        func decide(_ start: UInt64) -> ProducerTable.Decision {
            producers.decide(key("a", start: start, sequence: 1), now: 1, real: real)
        }
        #expect(decide(real + day + 1) == .futureStart)
        #expect(producers.list.isEmpty)
        #expect(decide(real + day) == .apply(1))
        #expect(decide(real) == .apply(1))
        #expect(decide(.max) == .futureStart)
    }

    @Test func `with expiresItself false expired producers are only listed, not forgotten`() {
        let producers = ProducerTable(expiresItself: false)
        let day = Duration.seconds(86_400).nanoseconds
        #expect(producers.decide(key("a", start: 1, sequence: 1), now: 5) == .apply(1))
        #expect(producers.decide(key("b", start: 1, sequence: 1), now: 9) == .apply(2))
        #expect(producers.expired(now: 5 + day - 1).producers == [])
        #expect(producers.expired(now: 5 + day - 1).next == 5 + day)
        #expect(producers.expired(now: 5 + day).producers == ["a"])
        #expect(producers.decide(key("c", start: 1, sequence: 1), now: 2 * day) == .apply(3))
        #expect(producers.decide(key("a", start: 1, sequence: 1), now: 2 * day) == .duplicate)
    }

    @Test func `a record of another number tells that its producer was forgotten before`() {
        let producers = ProducerTable()
        #expect(producers.decide(key("a", start: 1, sequence: 900), now: 0) == .apply(1))
        producers.replay(key("a", start: 1, sequence: 1), as: 5, now: 0)
        #expect(producers.decide(key("a", start: 1, sequence: 1), now: 0) == .duplicate)
        #expect(producers.decide(key("a", start: 1, sequence: 900), now: 0) == .apply(5))
        #expect(producers.decide(key("b", start: 1, sequence: 1), now: 0) == .apply(6))
    }

    @Test func `a forgotten producer starts again under another number`() {
        let producers = ProducerTable()
        #expect(producers.decide(key("a", start: 1, sequence: 1), now: 1) == .apply(1))
        #expect(producers.forget("a") == 1)
        #expect(producers.forget("a") == nil)
        #expect(producers.decide(key("a", start: 1, sequence: 1), now: 1) == .apply(2))
    }

    @Test func `what was taken back comes again`() {
        let producers = ProducerTable()
        #expect(producers.decide(key("a", start: 1, sequence: 7), now: 1) == .apply(1))
        producers.undo(key("a", start: 1, sequence: 7))
        producers.undo(key("x", start: 1, sequence: 7))
        #expect(producers.decide(key("a", start: 1, sequence: 7), now: 1) == .apply(1))
    }

    @Test func `success is noted by name`() {
        let producers = ProducerTable()
        #expect(producers.decide(key("a", start: 1, sequence: 1), now: 1) == .apply(1))
        #expect(producers.successes.isEmpty)
        producers.recordSuccess(key("a", start: 1, sequence: 1), at: 5)
        #expect(producers.successes.map(\.time) == [5])
    }

    @Test func `threads that push the same batch apply it once`() throws {
        let producers = ProducerTable()
        let applied = Applied()
        try inFourThreads { _ in
            for sequence: UInt64 in 1...2000 {
                let key = IdempotencyKey(producer: "a", start: 1, sequence: sequence)
                if case .apply = producers.decide(key, now: 1) {
                    applied.count(sequence)
                }
            }
        }
        let counts = applied.counts
        // A thread that lags by more than the window gets "duplicate" for a batch that no thread has
        // applied.
        #expect(counts.values.allSatisfy { $0 == 1 })
        #expect(UInt64(counts.count) + producers.lost >= 2000 - 1024)
    }

    @Test func `producers of one name share the newest time, ids without a slash share other`() {
        let producers = ProducerTable()
        let times = [
            ("scorer/1", 10.0), ("scorer/2", 30), ("scorer/1", 20), ("web/9/x", 5), ("lone", 7),
            ("/odd", 8), ("silent/1", 0),
        ]
        for (sequence, (producer, time)) in times.enumerated() {
            let batch = IdempotencyKey(
                producer: producer, start: 1, sequence: UInt64(sequence + 1))
            _ = producers.decide(batch, now: 1)
            if time > 0 { producers.recordSuccess(batch, at: time) }
        }
        #expect(producers.successes.map(\.name) == ["other", "scorer", "web"])
        #expect(producers.successes.map(\.time) == [8, 30, 5])
        _ = producers.forget("scorer/2")
        #expect(producers.successes.map(\.time) == [8, 20, 5])
        let other = ProducerTable()
        let image = producers.image
        for section in 0..<image.sectionCount {
            let isRestored = other.restore(image.bytes(of: section).span)
            #expect(isRestored)
        }
        #expect(other.successes.map(\.name) == ["other", "scorer", "web"])
    }

    @Test func `names beyond their limit share other, those of the oldest producers stay`() {
        var limits = ProducerTable.Limits()
        limits.names = 2
        let producers = ProducerTable(limits)
        for (number, name) in ["c", "a", "d", "b"].enumerated() {
            let batch = IdempotencyKey(producer: "\(name)/1", start: 1, sequence: 1)
            _ = producers.decide(batch, now: 1)
            producers.recordSuccess(batch, at: Double(number + 1))
        }
        #expect(producers.successes.map(\.name) == ["a", "c", "other"])
        #expect(producers.successes.map(\.time) == [2, 1, 4])
    }
}

private final class Applied: Sendable {
    private let state = LockedValue<[UInt64: Int]>([:])
    var counts: [UInt64: Int] { state.withLock { $0 } }
    func count(_ sequence: UInt64) { state.withLock { $0[sequence, default: 0] += 1 } }
}
