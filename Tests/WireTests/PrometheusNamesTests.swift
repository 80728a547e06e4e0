import Testing
import Wire

struct PrometheusNamesTests {
    private func isMetricName(_ name: String) -> Bool { name.utf8Span.span.isMetricName }
    private func isLabelName(_ name: String) -> Bool { name.utf8Span.span.isLabelName }
    private func isClientLabelName(_ name: String) -> Bool {
        name.utf8Span.span.isClientLabelName
    }

    @Test(arguments: ["a", "Z", "_", "a9", "a0", "_9", "model_version", "__a"])
    func `letters, digits and underscores are names of labels and metrics`(name: String) {
        #expect(isLabelName(name))
        #expect(isMetricName(name))
    }

    @Test(arguments: ["", "0", "9a", "a-b", "a b", "é", "a\0", "a@", "a[", "a`", "a{", "a/", "a;"])
    func `any other text is neither`(name: String) {
        #expect(!isLabelName(name))
        #expect(!isMetricName(name))
    }

    @Test func `colons are for metrics`() {
        #expect(isMetricName("job:rate5m") && isMetricName(":"))
        #expect(!isLabelName("job:rate5m"))
    }

    @Test func `clients choose no label that begins with two underscores`() {
        #expect(isClientLabelName("_a"))
        #expect(!isClientLabelName("__a"))
        #expect(!isClientLabelName("1"))
    }
}
