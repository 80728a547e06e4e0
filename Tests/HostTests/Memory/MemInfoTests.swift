import Exposition
import Kernel
import Settings
import Testing

@testable import Host

struct MemoryTests {
    @Test func `the fields of vmstat are those that the pattern chooses`() {
        var errors = ValidationErrors()
        let pattern = Pattern("^pg", flag: "--f", errors: &errors)
        var statistics = VMStat(Trees.roots("nowhere"), pattern: pattern)
        func lines(_ text: String) -> [String] {
            let bytes = Array(text.utf8)
            var page = Page(format: .text, body: Buffer(capacity: 4096))
            _ = statistics.write(bytes.span, to: &page)
            return page.bytes.string.split(separator: "\n").filter { !$0.hasPrefix("#") }
                .map(String.init)
        }
        #expect(
            lines("pgin 1\nnr_free x\npgout -2\n") == [
                "node_vmstat_pgin 1", "node_vmstat_pgout -2",
            ]
        )
        // The kernel has another order after a reboot into another version.
        #expect(
            lines("pgout 3\nnew 1\npgin 4\npgin2 5\n") == [
                "node_vmstat_pgout 3", "node_vmstat_pgin 4", "node_vmstat_pgin2 5",
            ])
        #expect(lines("pgin 6\n") == ["node_vmstat_pgin 6"])
    }

    @Test func `without a pattern every field of vmstat is shown`() {
        var statistics = VMStat(Trees.roots("nowhere"), pattern: nil)
        let bytes = Array("a 1\nb 2\nbad-name 3\n".utf8)
        var page = Page(format: .text, body: Buffer(capacity: 4096))
        #expect(statistics.write(bytes.span, to: &page) == 1)
        #expect(page.bytes.string.contains("# TYPE node_vmstat_b untyped\nnode_vmstat_b 2\n"))
    }

    @Test func `a zone that goes takes its blocks with it`() {
        var blocks = BuddyInfo(Trees.roots("nowhere"))
        func lines(_ text: String) -> [String] {
            let bytes = Array(text.utf8)
            _ = blocks.parse(bytes.span)
            var page = Page(format: .text, body: Buffer(capacity: 4096))
            blocks.write(to: &page)
            return page.bytes.string.split(separator: "\n").filter { !$0.hasPrefix("#") }
                .map(String.init)
        }
        let two = "Node 0, zone      DMA      1      0\nNode 1, zone   Normal   4381   1093 \n"
        #expect(
            lines(two) == [
                #"node_buddyinfo_blocks{node="0",size="0",zone="DMA"} 1"#,
                #"node_buddyinfo_blocks{node="0",size="1",zone="DMA"} 0"#,
                #"node_buddyinfo_blocks{node="1",size="0",zone="Normal"} 4381"#,
                #"node_buddyinfo_blocks{node="1",size="1",zone="Normal"} 1093"#,
            ])
        #expect(
            lines("Node 1, zone   Normal   7\n") == [
                #"node_buddyinfo_blocks{node="1",size="0",zone="Normal"} 7"#
            ])
        #expect(lines("") == [])
    }
}
