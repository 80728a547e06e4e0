import Glibc
import Kernel
import Scratch

/// A fixture tree in a place where it may be changed.
final class CopiedTree: Sendable {
    /// A plain file and what it held at first.
    struct File: Sendable {
        let name: String
        let text: [UInt8]
    }

    let files: [File]
    private let folder: Folder

    var path: String { folder.path }

    init(_ tree: String) throws {
        folder = try Folder()
        let source = Trees.path(tree)
        var files: [File] = []
        var folders = [""]
        while let parent = folders.popLast() {
            for name in try Root(source).names(in: parent) {
                let below = parent.isEmpty ? name : "\(parent)/\(name)"
                if let target = CopiedTree.link("\(source)/\(below)") {
                    let path = "\(folder.path)/\(below)"
                    guard unsafe symlink(target, path) == 0 else { throw KernelError.last(path) }
                } else if Root(source).isDirectory(below) {
                    try folder.make(below)
                    folders.append(below)
                } else {
                    var file = Root(source).file(below, limit: 4 << 20)
                    var text = Buffer(capacity: 4096)
                    try file.read(into: &text)
                    files.append(File(name: below, text: text.bytes.copied))
                    try folder.write(text.bytes.copied, to: below)
                }
            }
        }
        self.files = files
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try folder.write(bytes, to: name)
    }

    /// Where a symbolic link leads; nil for anything else.
    private static func link(_ path: String) -> String? {
        var target = [CChar](repeating: 0, count: 512)
        let length = unsafe readlink(path, &target, target.count)
        if length < 0 { return nil }
        return String(
            decoding: target.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
