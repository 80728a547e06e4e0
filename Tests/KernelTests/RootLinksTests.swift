import Glibc
import Kernel
import Scratch
import Testing

struct RootLinksTests {
    private let folder: Folder
    private var root: Root { Root(folder.path) }

    init() throws {
        folder = try Folder()
        try folder.write("", to: "usr/lib/os-release")
        try folder.make("etc")
    }

    private func link(_ name: String, to target: String) {
        #expect(unsafe symlink(target, "\(folder.path)/\(name)") == 0)
    }

    @Test func `an absolute link below a root stays below it`() {
        link("etc/os-release", to: "/usr/lib/os-release")
        #expect(root.pathInside("etc/os-release") == root.path(of: "usr/lib/os-release"))
    }

    @Test func `links to links and linked directories are followed inside`() {
        // As NixOS has it: /etc/os-release -> /etc/static/os-release, /etc/static -> /nix/store/...
        link("etc/os-release", to: "/etc/static/os-release")
        link("etc/static", to: "/usr/./lib")
        #expect(root.pathInside("/etc/os-release") == root.path(of: "usr/lib/os-release"))
    }

    @Test func `dots do not lead out of the root`() {
        link("etc/os-release", to: "../../../../usr/lib/os-release")
        #expect(root.pathInside("etc/os-release") == root.path(of: "usr/lib/os-release"))
        #expect(root.pathInside("../../etc/shadow") == root.path(of: "etc/shadow"))
    }

    @Test func `a loop of links ends`() {
        link("etc/a", to: "b")
        link("etc/b", to: "/etc/a")
        #expect(root.pathInside("etc/a").hasPrefix(root.path(of: "etc/")))
    }

    @Test func `what is not there keeps its name`() {
        #expect(root.pathInside("etc/none") == root.path(of: "etc/none"))
        #expect(Root("/").pathInside("etc/os-release") == "/etc/os-release")
    }
}
