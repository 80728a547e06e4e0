import Glibc
import Kernel
import Testing

/// The whole page is what users build on: a change of it must be meant. `UPDATE_GOLDEN=1 swift test
/// --filter GoldenPageTests` writes the files anew.
struct GoldenPageTests {
    private static let collectors = [
        "cpu", "diskstats", "loadavg", "meminfo", "netdev", "stat",
    ]

    @Test(arguments: ["debian12-2cpu", "odd", "damaged"])
    func `the page of a tree is as it was`(tree: String) throws {
        let flags = ["--collector.cpu.info", "--collector.stat.softirq"]
        let lines = try Trees.lines(tree, Self.collectors, flags)
        let page = lines.joined(separator: "\n") + "\n"
        let path = Trees.path("golden/\(tree).prom")
        if unsafe getenv("UPDATE_GOLDEN") != nil { try write(page, to: path) }
        var file = KernelFile(path: path, limit: 4 << 20)
        var text = Buffer(capacity: 1 << 16)
        try file.read(into: &text)
        let golden = text.bytes.string.split(separator: "\n").map(String.init)
        #expect(lines.filter { !golden.contains($0) } == [])
        #expect(golden.filter { !lines.contains($0) } == [])
        #expect(text.bytes.string == page)
    }

    private func write(_ page: String, to path: String) throws {
        let descriptor = unsafe creat(path, 0o644)
        guard descriptor >= 0 else { throw KernelError.last(path) }
        defer { close(descriptor) }
        let bytes = Array(page.utf8)
        var start = 0
        while start < bytes.count {
            let written = unsafe bytes[start...].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            guard written > 0 else { throw KernelError.last(path) }
            start += written
        }
    }
}
