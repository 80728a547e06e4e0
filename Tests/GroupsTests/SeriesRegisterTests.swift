import Testing

@testable import Groups

struct SeriesRegisterTests {
    @Test func `an identity is there once until it is removed`() {
        var register = SeriesRegister()
        #expect(register.insert(7))
        #expect(!register.insert(7))
        #expect(register.insert(0))
        #expect(!register.insert(0))
        register.remove(7)
        register.remove(0)
        register.remove(9)
        #expect(register.count == 0)
        #expect(register.insert(7))
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
                #expect(register.insert(identity) == set.insert(identity).inserted)
            }
            #expect(register.count == set.count)
        }
        for identity in set { register.remove(identity) }
        #expect(register.count == 0)
    }
}
