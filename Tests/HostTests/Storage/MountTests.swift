import Glibc
import Kernel
import Scratch
import Testing

@testable import Host

/// Mount tables as containers, empty sources and mounts over mounts make them.
struct MountTests {
    /// The page of `filesystem` for a mount table. `@ROOT@` in it stands for the root's own path, and
    /// `points` exist below the root.
    private func page(_ table: String, points: [String] = []) throws -> [String] {
        let folder = try Folder()
        let root = "\(folder.path)/rootfs"
        try folder.make("rootfs")
        for point in points { try folder.write("", to: "rootfs\(point)/.keep") }
        try folder.write(
            table.split(separator: "@ROOT@", omittingEmptySubsequences: false).joined(
                separator: root),
            to: "proc/1/mountinfo")
        var host = try Trees.host(
            at: folder.path, collectors: ["filesystem"], includesCollectorMetrics: true)
        // An empty label is no label.
        return Trees.page(&host).replacing(#"device="","#, with: "")
            .replacing(#"device_error="","#, with: "").split(separator: "\n").map(String.init)
    }

    private func shows(_ page: [String], _ start: String) -> Bool {
        page.contains { $0.hasPrefix(start) }
    }

    @Test func `the root's prefix is removed before filters and statfs`() throws {
        let page = try page(
            """
            100 90 0:90 / / rw - overlay overlay rw
            101 100 8:2 / @ROOT@ rw - ext4 /dev/sda2 rw
            102 101 8:3 / @ROOT@/data rw - ext4 /dev/sda3 rw
            103 101 0:30 / @ROOT@/dev/shm rw - tmpfs tmpfs rw
            104 101 8:4 / @ROOT@less rw - ext4 /dev/sda4 rw

            """, points: ["/data", "/dev/shm"])
        let data = #"{device="/dev/sda3",fstype="ext4",mountpoint="/data"}"#
        #expect(page.contains("node_filesystem_device_error\(data) 0"))
        #expect(shows(page, "node_filesystem_size_bytes\(data) "))
        #expect(
            shows(
                page,
                #"node_filesystem_size_bytes{device="/dev/sda2",fstype="ext4",mountpoint="/"} "#))
        // The default exclusion of /dev holds for the host's path.
        #expect(!page.contains { $0.contains("/dev/shm") })
        // A longer name that starts with the prefix is another directory.
        #expect(page.contains { $0.contains("sda4") && $0.contains("less\"") })
    }

    @Test func `the host's root replaces a container's root on the same device`() throws {
        let page = try page(
            """
            100 90 8:2 /c / ro - ext4 /dev/sda2 rw
            101 100 8:2 / @ROOT@ rw - ext4 /dev/sda2 rw

            """)
        let root = #"{device="/dev/sda2",fstype="ext4",mountpoint="/"}"#
        #expect(page.contains("node_filesystem_readonly\(root) 0"))
        #expect(page.count { $0.hasPrefix("node_filesystem_readonly{") } == 1)
    }

    @Test(arguments: [
        ("109 24 0:35 / /x rw - tmpfs  ro,size=4k", "", 1.0),
        ("109 24 0:35 / /x rw,relatime shared:9 master:1 - tmpfs  rw", "", 0),
        ("109 24 0:35 / /x ro - tmpfs tmpfs rw", "tmpfs", 1),
        ("109 24 0:35 / /x rw - tmpfs tmpfs rw,emergency_ro", "tmpfs", 1),
        ("109 24 0:35  /x rw - tmpfs tmpfs rw", "tmpfs", 0),
        ("109 24 0:35 / /x rw - tmpfs tmpfs", "tmpfs", 0),
        ("109 24 0:35 / /x rw - tmpfs ", "", 0),
    ])
    func `a field that is empty shifts no other field`(
        line: String, source: String, isReadOnly: Double
    ) throws {
        let page = try page("24 1 8:1 / / rw - ext4 /dev/sda1 rw\n\(line)\n", points: ["/x"])
        let device = source.isEmpty ? "" : "device=\"\(source)\","
        let labels = "{\(device)fstype=\"tmpfs\",mountpoint=\"/x\"}"
        let line = page.first { $0.hasPrefix("node_filesystem_readonly{") && $0.contains("/x") }
        #expect(line == "node_filesystem_readonly\(labels) \(Int(isReadOnly))")
        #expect(
            page.contains(#"ml_exporter_collector_skipped_lines_total{collector="filesystem"} 0"#))
    }

    @Test func `options are those of the uppermost mount on a directory`() throws {
        let page = try page(
            """
            24 1 8:1 / / rw - ext4 /dev/sda1 rw
            110 24 8:17 / /nix/store rw shared:5 - ext4 /dev/sdb1 rw
            111 110 8:17 / /nix/store ro,nosuid shared:5 - ext4 /dev/sdb1 rw

            """, points: ["/nix/store"])
        let store = #"{device="/dev/sdb1",fstype="ext4",mountpoint="/nix/store"}"#
        #expect(page.contains("node_filesystem_readonly\(store) 1"))
        #expect(page.count { $0.hasPrefix("node_filesystem_readonly\(store)") } == 1)
    }

    private func hidden(_ table: String) -> [Bool] {
        let bytes = Array(table.utf8)
        return MountTree(bytes.span).isHidden
    }

    @Test func `a mount under another one has no values of its own`() {
        #expect(
            hidden(
                """
                24 1 8:1 / / rw - ext4 /dev/sda1 rw
                25 24 8:17 / /data rw - ext4 /dev/sdb1 rw
                26 25 0:40 / /data rw - tmpfs tmpfs rw

                """) == [false, true, false])
        // MOVE_MOUNT_BENEATH: the later line is the lower mount.
        #expect(
            hidden(
                """
                25 27 8:17 / /data rw - ext4 /dev/sdb1 rw
                27 24 0:40 / /data rw - tmpfs tmpfs rw

                """) == [false, true])
    }

    @Test func `a mount below a directory that was mounted over later is out of reach`() {
        #expect(
            hidden(
                """
                24 1 8:1 / / rw - ext4 /dev/sda1 rw
                25 24 8:17 / /mnt/a/b rw - ext4 /dev/sdb1 rw
                26 25 8:18 / /mnt/a/b/c rw - ext4 /dev/sdc1 rw
                27 24 0:40 / /mnt/a rw - tmpfs tmpfs rw
                28 27 0:41 / /mnt/a/b rw - tmpfs other rw
                29 24 0:42 / /mnt/ab rw - tmpfs third rw

                """) == [false, true, true, false, false, false])
        // What is mounted inside another mount stays in reach whatever the order of their names.
        #expect(
            hidden(
                """
                24 24 8:1 / / rw - ext4 /dev/sda1 rw
                30 24 8:17 / /srv rw - ext4 /dev/sdb1 rw
                31 30 8:18 / /srv/a rw - ext4 /dev/sdc1 rw

                """) == [false, false, false])
    }
}
