import Kernel
import Testing

struct NameOrderTests {
    /// The numbers of a listing, in which unknown names are added.
    private func list(_ names: [String], in order: inout NameOrder) -> [Int] {
        order.begin()
        return names.map { name in
            let bytes = name.utf8Span.span
            return order.find(bytes) ?? order.append(bytes)
        }
    }

    @Test func `names keep their numbers in any order of listing`() {
        var order = NameOrder()
        #expect(list(["a", "b", "c"], in: &order) == [0, 1, 2])
        #expect(list(["a", "b", "c"], in: &order) == [0, 1, 2])
        #expect(list(["c", "a", "d", "b"], in: &order) == [2, 0, 3, 1])
        #expect(list(["c", "a", "d", "b"], in: &order) == [2, 0, 3, 1])
        #expect(list(["b"], in: &order) == [1])
        #expect(list(["b", "a", "d", "c"], in: &order) == [1, 0, 3, 2])
        #expect(order.count == 4)
    }

    @Test func `a name that is listed twice has one number`() {
        var order = NameOrder()
        for _ in 0..<3 { #expect(list(["a", "b", "a"], in: &order) == [0, 1, 0]) }
    }

    @Test func `an unknown name is not found, wherever it stands`() {
        var order = NameOrder()
        _ = list(["a", "b"], in: &order)
        order.begin()
        for name in ["", "ab", "c"] { #expect(order.find(name.utf8Span.span) == nil) }
        #expect(order.find("a".utf8Span.span) == 0)
        #expect(order.find("aa".utf8Span.span) == nil)
        #expect(order.find("b".utf8Span.span) == 1)
    }

    @Test func `names that no longer occur make it stale`() {
        var order = NameOrder()
        _ = list((0..<66).map { "n\($0)" }, in: &order)
        #expect(!order.isMostlyStale)
        _ = list(["n0"], in: &order)
        #expect(!order.isMostlyStale, "66 names, one of which is listed")
        order.begin()
        #expect(order.isMostlyStale)
        order.removeAll()
        #expect(order.count == 0 && !order.isMostlyStale)
        #expect(list(["x", "n0"], in: &order) == [0, 1])
    }
}
