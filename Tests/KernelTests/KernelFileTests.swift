import Glibc
import Kernel
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

    @Test func `a file elsewhere is opened anew, so a replaced one is seen`() throws {
        let directory = try Scratch()
        try directory.write("first", to: "file")
        var file = Root(directory.path).file("file")
        var text = Buffer(capacity: 16)
        try file.read(into: &text)
        #expect(text.bytes.string == "first")
        let isKept = file.isOpen
        #expect(!isKept)
        unsafe unlink(directory.path + "/file")
        #expect(throws: KernelError(ENOENT, directory.path + "/file")) {
            try file.read(into: &text)
        }
        try directory.write("second", to: "file")
        try file.read(into: &text)
        #expect(text.bytes.string == "second")
    }

    @Test func `bytes beyond the limit are left and told`() throws {
        let directory = try Scratch()
        try directory.write(String(repeating: "x", count: 100), to: "file")
        var text = Buffer(capacity: 16)
        var exact = Root(directory.path).file("file", limit: 100)
        #expect(try exact.read(into: &text) == false)
        #expect(text.count == 100)
        var smaller = Root(directory.path).file("file", limit: 99)
        #expect(try smaller.read(into: &text) == true)
        #expect(text.count == 99)
    }

    @Test func `a directory is an error, not a trap`() {
        var file = KernelFile(path: "/proc")
        var text = Buffer(capacity: 16)
        #expect(throws: KernelError(EISDIR, "/proc")) { try file.read(into: &text) }
    }

    @Test func `an error says what and where`() {
        #expect(
            KernelError(ENOENT, "proc/stat").description == "proc/stat: No such file or directory")
        #expect(KernelError(ENOENT, "x").isAbsence)
        #expect(!KernelError(EACCES, "x").isAbsence)
    }

    @Test func `a root strips slashes and joins names`() {
        #expect(Root("/proc//").path(of: "stat") == "/proc/stat")
        #expect(Root("/").path(of: "/etc/os-release") == "/etc/os-release")
        #expect(Root("/").path == "/")
    }
}

/// A directory of one test.
final class Scratch {
    let path: String

    init() throws {
        var template = Array("/tmp/ml_exporter-kernel-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw KernelError.last("mkdtemp") }
        path = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in (try? Root(path).names(in: "")) ?? [] { unsafe unlink(path + "/" + name) }
        unsafe rmdir(path)
    }

    func write(_ text: String, to name: String) throws {
        let descriptor = unsafe creat(path + "/" + name, 0o600)
        guard descriptor >= 0 else { throw KernelError.last(name) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw KernelError.last(name)
        }
    }
}
