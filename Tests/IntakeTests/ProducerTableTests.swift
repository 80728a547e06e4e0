import Glibc
import Kernel
import Testing

@testable import Intake

@Suite struct SequenceWindowTests {
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

@Suite struct ProducerTests {
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
}

@Suite struct BatchStampTests {
    private func read(
        _ producer: String?, start: String?, sequence: String?
    ) -> Result<IdempotencyKey?, IdempotencyKey.Problem> {
        let (producer, start, sequence) = (
            producer.map { Array($0.utf8) }, start.map { Array($0.utf8) },
            sequence.map { Array($0.utf8) }
        )
        do throws(IdempotencyKey.Problem) {
            return .success(
                try IdempotencyKey.read(
                    producer: producer?.span, start: start?.span, sequence: sequence?.span))
        } catch {
            return .failure(error)
        }
    }

    @Test(
        arguments: [
            ("1", 1_000_000_000), ("0", 0), ("1795219000.25", 1_795_219_000_250_000_000),
            ("1795219000.250", 1_795_219_000_250_000_000), ("0.123456789123", 123_456_789),
            ("9999999999", 9_999_999_999_000_000_000),
        ] as [(String, UInt64)])
    func `a start is a decimal number of seconds`(text: String, nanoseconds: UInt64) {
        #expect(
            read("p", start: text, sequence: "7")
                == .success(IdempotencyKey(producer: "p", start: nanoseconds, sequence: 7)))
    }

    @Test func `a producer's name has at most 255 bytes`() {
        let name = String(repeating: "p", count: 255)
        #expect(
            read(name, start: "1", sequence: "1")
                == .success(IdempotencyKey(producer: name, start: 1_000_000_000, sequence: 1)))
        guard case .failure = read(name + "p", start: "1", sequence: "1") else {
            Issue.record("256 bytes were accepted")
            return
        }
    }

    @Test func `without headers there is no key`() {
        #expect(read(nil, start: nil, sequence: nil) == .success(nil))
    }

    @Test(
        arguments: [
            (nil, "1", "1"), ("p", nil, "1"), ("p", "1", nil), ("p", nil, nil), ("", "1", "1"),
            ("p", "", "1"), ("p", "1", ""), ("p", "x", "1"), ("p", "1.", "1"), ("p", ".5", "1"),
            ("p", "-1", "1"), ("p", "1e9", "1"), ("p", "12345678901", "1"), ("p", "1", "0"),
            ("p", "1", "-1"), ("p", "1", "1.0"), ("p", "1", "99999999999999999999"),
            ("p", "1.2.3", "1"), (String(repeating: "p", count: 256), "1", "1"),
        ] as [(String?, String?, String?)])
    func `headers that do not tell are refused`(
        producer: String?, start: String?, sequence: String?
    ) {
        guard case .failure(let problem) = read(producer, start: start, sequence: sequence) else {
            Issue.record("accepted")
            return
        }
        #expect(!problem.sentence.isEmpty)
    }
}

@Suite struct RateTests {
    @Test func `a burst is admitted and then so many a second`() {
        let limiter = RateLimiter(perSecond: 10, burst: 20)
        var now: UInt64 = 5_000_000_000
        #expect((0..<30).count { _ in limiter.admits(1, now: now) } == 20)
        #expect(limiter.admits(2, now: now))
        now += 1_000_000_000
        #expect((0..<30).count { _ in limiter.admits(1, now: now) } == 10)
        now += 60_000_000_000
        #expect((0..<30).count { _ in limiter.admits(1, now: now) } == 20)
    }

    @Test func `without a rate no push is refused`() {
        let limiter = RateLimiter(perSecond: 0, burst: 0)
        #expect((0..<10_000).allSatisfy { _ in limiter.admits(1, now: 1) })
    }
}

private final class Applied: Sendable {
    private let state = LockedValue<[UInt64: Int]>([:])
    var counts: [UInt64: Int] { state.withLock { $0 } }
    func count(_ sequence: UInt64) { state.withLock { $0[sequence, default: 0] += 1 } }
}

@Suite struct ProducerSnapshotTests {
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
