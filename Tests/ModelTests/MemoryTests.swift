import Kernel
import Observation
import Series
import Testing

@testable import Model

/// Each in a process of its own: other tests allocate as well.
struct MemoryTests {
    /// The second field of proc_pid_statm(5).
    private static var residentBytes: Int {
        let text = (try? Root("/proc").attribute("self/statm")) ?? []
        var fields = Cursor(text.span)
        _ = fields.word()
        return Int(fields.field() ?? 0) * 4096
    }

    @Test func `a hundred thousand series take less than 12 MB beside their page`() async {
        await #expect(processExitsWith: .success) {
            let models = Models()
            let before = MemoryTests.residentBytes
            for model in 0..<50 {
                for version in 0..<10 {
                    let outcome = models.take {
                        $0.model = "recommendation-\(model)"
                        $0.version = "2026-11-\(version)"
                        $0.measures = [.stageQueue: 0.1, .stageInference: 0.2]
                        $0.features = (0..<29).map { ("feature_number_\($0)", .number(1)) }
                    }
                    precondition(outcome.rejected == 0)
                }
            }
            let grown = MemoryTests.residentBytes - before
            precondition(models.budget.count > 95_000)
            precondition(grown < 12 << 20)
        }
    }

    @Test func `random names without end cost bounded memory, and known series go on`() async {
        await #expect(processExitsWith: .success) {
            let models = Models()
            models.take { _ in }
            let before = MemoryTests.residentBytes
            var generator = SystemRandomNumberGenerator()
            func name() -> String {
                String(repeating: "\"", count: 230) + String(generator.next(), radix: 36)
            }
            var push = Push()
            var rejected = 0
            for _ in 0..<60 {
                for _ in 0..<20 {
                    push.add {
                        $0.model = name()
                        $0.version = name()
                        $0.variant = name()
                        $0.outcome = .serverError
                        $0.reason = name()
                        $0.features = (0..<20).map { _ in (name(), .text(name())) }
                        $0.errors = [(name(), .custom)]
                        $0.trace = name()
                    }
                    push.add {
                        $0.outcome = .serverError
                        $0.variant = name()
                        $0.reason = name()
                        $0.features = (0..<20).map { _ in (name(), .text(name())) }
                    }
                    push.add {
                        $0.outcome = .serverError
                        $0.reason = name()
                        $0.features = (0..<20).map { _ in (name(), .text(name())) }
                    }
                    push.add(metric: name(), kind: .gauge, value: 1)
                    push.add(state: name(), version: name(), inFlight: 1)
                }
                rejected += push.send(to: models, from: generator.next()).rejected
            }
            models.take { _ in }
            precondition(rejected > 0)
            precondition(models.budget.count <= models.budget.limits.series)
            let grown = MemoryTests.residentBytes - before
            precondition(grown < 48 << 20)
            precondition(models.text().utf8.count < 2 * models.budget.limits.pageBytes)
            precondition(models.value(#"ml_predictions_total{model="fraud",version="3"}"#) != nil)
        }
    }
}
