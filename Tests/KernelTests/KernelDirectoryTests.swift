import Glibc
import Kernel
import Scratch
import Testing

struct KernelDirectoryTests {
    @Test func `names, files and directories inside are found`() throws {
        let folder = try Folder()
        try folder.write("1\n", to: "plain")
        try folder.make("inside")
        try folder.write("2\n", to: "inside/value")
        let directory = try KernelDirectory(path: folder.path)
        var listing = Buffer(capacity: 64)
        for _ in 0..<2 {
            var kinds: [String: KernelDirectory.EntryKind] = [:]
            try directory.eachName(&listing) { name, kind in kinds[name.string] = kind }
            #expect(kinds == ["plain": .file, "inside": .directory])
        }
        var text = Buffer(capacity: 16)
        try directory.read("plain", into: &text)
        #expect(text.bytes.string == "1\n")
        try directory.read(terminated: Array("inside/value\0".utf8), into: &text)
        #expect(text.bytes.string == "2\n")
        let inside = try directory.directory(Array("inside".utf8))
        try inside.read("value", into: &text)
        #expect(text.bytes.string == "2\n")
        let isOnSysfs = inside.isOnSysfs
        #expect(!isOnSysfs)
    }

    @Test func `a file is read up to its limit, and what is not there is said`() throws {
        let folder = try Folder()
        try folder.write(String(repeating: "x", count: 10_000), to: "long")
        let directory = try KernelDirectory(path: folder.path)
        var text = Buffer(capacity: 16)
        try directory.read("long", into: &text, limit: 100)
        #expect(text.count == 100)
        let error = #expect(throws: KernelError.self) {
            _ = try directory.read("none", into: &text)
        }
        #expect(error?.code == ENOENT && error?.subject == "\(folder.path)/none")
        #expect(throws: KernelError.self) { _ = try directory.directory(Array("long".utf8)) }
        #expect(throws: KernelError.self) {
            _ = try KernelDirectory(path: "\(folder.path)/none")
        }
    }

    @Test func `directories are listed without links to directories`() throws {
        let folder = try Folder()
        try folder.make("one")
        try folder.make("two")
        try folder.write("", to: "file")
        #expect(unsafe symlink("one", "\(folder.path)/link") == 0)
        let root = Root(folder.path)
        #expect(try root.directoryNames(in: "").sorted() == ["one", "two"])
        #expect(try root.names(in: "").sorted() == ["file", "link", "one", "two"])
        #expect(throws: KernelError.self) { _ = try root.names(in: "none") }
    }

    @Test func `a directory that is larger than one listing is listed whole`() throws {
        let folder = try Folder()
        let count = 3000
        for number in 0..<count { try folder.write("", to: "a-rather-long-name-\(number)") }
        let directory = try KernelDirectory(path: folder.path)
        var listing = Buffer(capacity: 64)
        var names: Set<String> = []
        try directory.eachName(&listing) { name, _ in names.insert(name.string) }
        #expect(names.count == count)
    }

    @Test func `a signed field is a number with or without a minus`() {
        func signed(_ text: String) -> Double? {
            let bytes = Array(text.utf8)
            var cursor = Cursor(bytes.span)
            return cursor.signedField()
        }
        #expect(signed("-12 x") == -12)
        #expect(signed(" 7") == 7)
        for text in ["", "-", "- 1", "1x", "+1", "99999999999999999999"] {
            #expect(signed(text) == nil)
        }
    }
}
