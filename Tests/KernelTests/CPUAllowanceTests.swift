import Kernel
import Testing

struct CPUAllowanceTests {
    @Test func `it is used up once the thread has worked for so long, whatever the clock says`() {
        var ample = CPUAllowance(.seconds(3_600))
        var none = CPUAllowance(.zero)
        var (stops, steps) = (0, 0)
        for step in 1...2_000 {
            if ample.isUsedUp() { stops += 1 }
            if steps == 0, none.isUsedUp() { steps = step }
        }
        #expect(stops == 0 && !ample.isUsedUpNow)
        #expect(steps > 0 && none.isUsedUpNow)
    }

    @Test func `work uses it up`() {
        let allowance = CPUAllowance(.milliseconds(5))
        var sum: UInt64 = 0
        // Ends because the thread's CPU time passes, however slow the machine is.
        while !allowance.isUsedUpNow { sum = sum &* 31 &+ 7 }
        #expect(allowance.seconds == 0.005 && sum != 1)
    }
}
