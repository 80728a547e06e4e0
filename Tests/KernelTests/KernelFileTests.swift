import Glibc
import Kernel
import Scratch
import Testing

struct KernelFileTests {
    @Test func `a file of procfs stays open and tells what is new`() throws {
        var file = KernelFile(path: "/proc/self/stat")
        var text = Buffer(capacity: 16)
        try file.read(into: &text)
        let isKept = file.isOpen
        #expect(isKept)
        #expect(text.bytes.string.hasPrefix("\(getpid()) "))
        try file.read(into: &text)
        #expect(text.bytes.string.hasPrefix("\(getpid()) "))
    }

    @Test func `a file elsewhere is opened at each read, so a replaced one is seen`() throws {
        let folder = try Folder()
        try folder.write("first", to: "file")
        var file = Root(folder.path).file("file")
        var text = Buffer(capacity: 16)
        try file.read(into: &text)
        #expect(text.bytes.string == "first")
        let isKept = file.isOpen
        #expect(!isKept)
        unsafe unlink(folder.path + "/file")
        #expect(throws: KernelError(ENOENT, subject: folder.path + "/file")) {
            try file.read(into: &text)
        }
        try folder.write("second", to: "file")
        try file.read(into: &text)
        #expect(text.bytes.string == "second")
    }

    @Test func `bytes beyond the limit are left and told`() throws {
        let folder = try Folder()
        try folder.write(String(repeating: "x", count: 100), to: "file")
        var text = Buffer(capacity: 16)
        var exact = Root(folder.path).file("file", limit: 100)
        #expect(try exact.read(into: &text) == false)
        #expect(text.count == 100)
        var smaller = Root(folder.path).file("file", limit: 99)
        #expect(try smaller.read(into: &text) == true)
        #expect(text.count == 99)
    }

    @Test func `a directory is an error, not a trap`() {
        var file = KernelFile(path: "/proc")
        var text = Buffer(capacity: 16)
        #expect(throws: KernelError(EISDIR, subject: "/proc")) { try file.read(into: &text) }
    }

    @Test func `an error says what and where`() {
        #expect(
            KernelError(ENOENT, subject: "proc/stat").description
                == "proc/stat: No such file or directory")
        #expect(KernelError(ENOENT, subject: "x").isAbsence)
        #expect(!KernelError(EACCES, subject: "x").isAbsence)
    }

    @Test func `a root strips slashes and joins names`() {
        #expect(Root("/proc//").path(of: "stat") == "/proc/stat")
        #expect(Root("/").path(of: "/etc/os-release") == "/etc/os-release")
        #expect(Root("/").path == "/")
    }
}
