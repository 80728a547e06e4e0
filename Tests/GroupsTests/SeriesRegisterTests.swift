import Testing

@testable import Groups

struct SeriesRegisterTests {
    @Test func `an identity is there once until it is removed`() {
        var register = SeriesRegister()
        let lifecycle = [7, 7, 0, 0].map { register.insert($0) }
        #expect(lifecycle == [true, false, true, false])
        for identity in [7, 0, 9] as [UInt64] { register.remove(identity) }
        #expect(register.count == 0)
        let isNew = register.insert(7)
        #expect(isNew)
    }

    @Test func `it agrees with a set, whatever comes and goes`() {
        var register = SeriesRegister()
        var set: Set<UInt64> = []
        var random = SystemRandomNumberGenerator()
        for round in 0..<20_000 {
            // Few low bits make long rows of neighbours.
            let identity = UInt64.random(in: 0..<512, using: &random) << 2
            if round % 3 == 0 {
                register.remove(identity)
                set.remove(identity)
            } else {
                let isNew = register.insert(identity)
                let isMissing = set.insert(identity).inserted
                #expect(isNew == isMissing)
            }
            #expect(register.count == set.count)
        }
        for identity in set { register.remove(identity) }
        #expect(register.count == 0)
    }
}
