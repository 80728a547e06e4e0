import ArgumentParser
import Kernel
import Settings
import Testing

struct OptionsTests {
    @Test func `what is not said has the peers' defaults`() throws {
        var errors = ValidationErrors()
        let web = try WebOptions.parse([]).settings(&errors)
        #expect(web.listenAddresses == [":10180"])
        #expect(web.telemetryPath == "/metrics")
        #expect(web.maxRequests == 40)
        #expect(web.exporterMetrics)
        let roots = try PathOptions.parse([]).roots(&errors)
        #expect(roots.proc.path == "/proc")
        #expect(roots.udev.path == "/run/udev/data")
        let log = try LogOptions.parse([]).settings(&errors)
        #expect(log.level == .info)
        #expect(errors.isEmpty)
    }

    @Test func `every wrong value gets a sentence`() throws {
        var errors = ValidationErrors()
        _ = try WebOptions.parse([
            "--web.telemetry-path=metrics", "--web.max-requests=many",
            "--web.config.file=web.yml",
        ]).settings(&errors)
        _ = try LogOptions.parse(["--log.level=loud", "--log.format=xml"]).settings(&errors)
        _ = try PathOptions.parse(["--path.procfs", ""]).roots(&errors)
        #expect(errors.sentences.count == 6)
        #expect(errors.sentences.allSatisfy { $0.hasPrefix("--") && $0.hasSuffix(".") })
    }

    @Test func `an include turns the standard exclude off, both together are a mistake`() {
        var errors = ValidationErrors()
        let standard = Filter(
            flag: "--f", include: nil, exclude: nil, standardExclude: "^lo$", errors: &errors)
        #expect(!admits(standard, name: "lo"))
        let included = Filter(
            flag: "--f", include: "^l", exclude: nil, standardExclude: "^lo$", errors: &errors)
        #expect(admits(included, name: "lo"))
        #expect(!admits(included, name: "eth0"))
        #expect(errors.isEmpty)
        _ = Filter(flag: "--f", include: "a", exclude: "b", errors: &errors)
        #expect(errors.sentences.count == 1)
    }

    @Test func `patterns are those of Go and match anywhere`() {
        var errors = ValidationErrors()
        let filter = Filter(
            flag: "--f", include: nil, exclude: #"nvme\d+n\d+p\d+"#, errors: &errors)
        #expect(!admits(filter, name: "xnvme0n1p2x"))
        #expect(admits(filter, name: "nvme0n1"))
        _ = Filter(flag: "--f", include: "(", exclude: nil, errors: &errors)
        #expect(
            errors.sentences.first?.hasPrefix("--f-include: \"(\" is not a valid regular") == true)
    }

    @Test func `a filter remembers, also when the order changes`() {
        var errors = ValidationErrors()
        var filter = CachedFilter(Filter(flag: "--f", include: nil, exclude: "^b", errors: &errors))
        for names in [["a", "b1", "c"], ["a", "b1", "c"], ["c", "a", "b2", "b1"], []] {
            filter.begin()
            for name in names {
                let bytes = Array(name.utf8)
                #expect(filter.matches(bytes.span) == !name.hasPrefix("b"))
            }
        }
    }

    private func admits(_ filter: Filter, name: String) -> Bool {
        let bytes = Array(name.utf8)
        return filter.matches(bytes.span)
    }
}
