import ArgumentParser
import Kernel
import Settings
import Testing

struct OptionsTests {
    @Test func `what is not said has the peers' defaults`() throws {
        var mistakes = ValidationErrors()
        let web = try WebOptions.parse([]).settings(&mistakes)
        #expect(web.listenAddresses == [":10180"])
        #expect(web.telemetryPath == "/metrics")
        #expect(web.maxRequests == 40)
        #expect(web.exporterMetrics)
        let roots = try PathOptions.parse([]).roots(&mistakes)
        #expect(roots.proc.path == "/proc")
        #expect(roots.udev.path == "/run/udev/data")
        let log = try LogOptions.parse([]).settings(&mistakes)
        #expect(log.level == .info)
        #expect(mistakes.isEmpty)
    }

    @Test func `every wrong value gets a sentence`() throws {
        var mistakes = ValidationErrors()
        _ = try WebOptions.parse([
            "--web.telemetry-path=metrics", "--web.max-requests=many",
            "--web.config.file=web.yml",
        ]).settings(&mistakes)
        _ = try LogOptions.parse(["--log.level=loud", "--log.format=xml"]).settings(&mistakes)
        _ = try PathOptions.parse(["--path.procfs", ""]).roots(&mistakes)
        #expect(mistakes.sentences.count == 6)
        #expect(mistakes.sentences.allSatisfy { $0.hasPrefix("--") && $0.hasSuffix(".") })
    }

    @Test func `an include turns the standard exclude off, both together are a mistake`() {
        var mistakes = ValidationErrors()
        let standard = Filter(
            flag: "--f", include: nil, exclude: nil, standardExclude: "^lo$", &mistakes)
        #expect(!admits(standard, "lo"))
        let included = Filter(
            flag: "--f", include: "^l", exclude: nil, standardExclude: "^lo$", &mistakes)
        #expect(admits(included, "lo"))
        #expect(!admits(included, "eth0"))
        #expect(mistakes.isEmpty)
        _ = Filter(flag: "--f", include: "a", exclude: "b", &mistakes)
        #expect(mistakes.sentences.count == 1)
    }

    @Test func `patterns are those of Go and match anywhere`() {
        var mistakes = ValidationErrors()
        let filter = Filter(flag: "--f", include: nil, exclude: #"nvme\d+n\d+p\d+"#, &mistakes)
        #expect(!admits(filter, "xnvme0n1p2x"))
        #expect(admits(filter, "nvme0n1"))
        _ = Filter(flag: "--f", include: "(", exclude: nil, &mistakes)
        #expect(mistakes.sentences.first?.hasPrefix("--f-include: \"(\" is no regular") == true)
    }

    @Test func `a sieve remembers, also when the order changes`() {
        var mistakes = ValidationErrors()
        var sieve = CachedFilter(Filter(flag: "--f", include: nil, exclude: "^b", &mistakes))
        for names in [["a", "b1", "c"], ["a", "b1", "c"], ["c", "a", "b2", "b1"], []] {
            sieve.begin()
            for name in names {
                let bytes = Array(name.utf8)
                #expect(sieve.admits(bytes.span) == !name.hasPrefix("b"))
            }
        }
    }

    private func admits(_ filter: Filter, _ name: String) -> Bool {
        let bytes = Array(name.utf8)
        return filter.admits(bytes.span)
    }
}
