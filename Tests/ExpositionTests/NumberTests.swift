import Exposition
import Kernel
import Testing

struct NumberTests {
    /// What Go's strconv.FormatFloat(v, 'g', -1, 64) prints.
    @Test(
        arguments: [
            (0, "0"), (-0.0, "-0"), (1, "1"), (-1, "-1"), (10, "10"), (999_999, "999999"),
            (1_000_000, "1e+06"), (1_234_567, "1.234567e+06"), (123_456.75, "123456.75"),
            (1_234_567.5, "1.2345675e+06"), (0.1, "0.1"), (0.0001, "0.0001"), (0.00001, "1e-05"),
            (0.000123, "0.000123"), (9_007_199_254_740_992, "9.007199254740992e+15"),
            (18_446_744_073_709_551_616, "1.8446744073709552e+19"),
            (.leastNonzeroMagnitude, "5e-324"),
            (1.7976931348623157e308, "1.7976931348623157e+308"), (100 * 0.001, "0.1"),
            (743_109 * 0.001, "743.109"), (.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
            (-1234.5, "-1234.5"), (1_795_219_000.25, "1.79521900025e+09"),
        ] as [(Double, String)])
    func `a number is spelled as node_exporter spells it`(value: Double, text: String) {
        var page = Page(format: .text, body: Buffer(capacity: 16))
        page.single(UnlabelledMetric("x", kind: .gauge, help: "X."), value: value)
        #expect(page.bytes.string.hasSuffix("\nx \(text)\n"))
    }

    @Test func `what is written reads back as the same number`() {
        var generator = SystemRandomNumberGenerator()
        let single = UnlabelledMetric("x", kind: .gauge, help: "X.")
        for _ in 0..<20_000 {
            let value = Double(bitPattern: generator.next())
            if value.isNaN { continue }
            var page = Page(format: .text, body: Buffer(capacity: 128))
            page.single(single, value: value)
            let line = page.bytes.string.split(separator: "\n").last ?? ""
            let text = line.dropFirst(2)
            let readBack = text == "+Inf" ? .infinity : text == "-Inf" ? -.infinity : Double(text)
            #expect(readBack == value)
        }
    }
}
