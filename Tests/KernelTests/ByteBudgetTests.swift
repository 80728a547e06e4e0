import Kernel
import Testing

struct ByteBudgetTests {
    @Test func `bytes are taken until the limit and can be taken again when they are released`() {
        let budget = ByteBudget(limit: 100)
        #expect(budget.take(60))
        #expect(!budget.take(41))
        #expect(budget.taken == 60 && budget.refused == 1)
        #expect(budget.take(40))
        budget.release(100)
        #expect(budget.taken == 0 && budget.take(100))
    }

    @Test func `a claim grows, shrinks and releases what it holds with its object`() throws {
        let budget = ByteBudget(limit: 100)
        do {
            let claim = ByteClaim(budget)
            try claim.grow(to: 30)
            try claim.grow(to: 10)
            #expect(claim.count == 30 && budget.taken == 30)
            try claim.hold(20)
            #expect(claim.count == 20 && budget.taken == 20)
        }
        #expect(budget.taken == 0)
    }

    @Test func `a shortage tells what fits later from what never fits, and changes nothing`() throws
    {
        let budget = ByteBudget(limit: 100)
        let first = ByteClaim(budget)
        try first.hold(60)
        let second = ByteClaim(budget)
        try second.hold(30)
        #expect(throws: ByteShortage.busy(limit: 100)) { try second.grow(to: 50) }
        #expect(throws: ByteShortage.tooLarge(limit: 100)) { try second.grow(to: 101) }
        #expect(second.count == 30 && budget.taken == 90 && budget.refused == 2)
        withExtendedLifetime((first, second)) {}
    }
}
