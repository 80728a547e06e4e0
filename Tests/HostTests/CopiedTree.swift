import Glibc
import Kernel

/// A fixture tree in a place where it may be changed.
final class CopiedTree: Sendable {
    /// A plain file and what it held at first.
    struct File: Sendable {
        let name: String
        let text: [UInt8]
    }

    let files: [File]
    private let scratch: Scratch

    var path: String { scratch.path }

    init(_ tree: String) throws {
        scratch = try Scratch()
        let source = Trees.path(tree)
        var files: [File] = []
        var folders = [""]
        while let folder = folders.popLast() {
            for name in try Root(source).names(in: folder) {
                let below = folder.isEmpty ? name : "\(folder)/\(name)"
                if let target = CopiedTree.link("\(source)/\(below)") {
                    let path = "\(scratch.path)/\(below)"
                    guard unsafe symlink(target, path) == 0 else { throw KernelError.last(path) }
                } else if Root(source).isDirectory(below) {
                    let path = "\(scratch.path)/\(below)"
                    guard unsafe mkdir(path, 0o755) == 0 else { throw KernelError.last(path) }
                    folders.append(below)
                } else {
                    var file = Root(source).file(below, limit: 4 << 20)
                    var text = Buffer(capacity: 4096)
                    try file.read(into: &text)
                    files.append(File(name: below, text: text.bytes.copied))
                    try scratch.write(text.bytes.copied, to: below)
                }
            }
        }
        self.files = files
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try scratch.write(bytes, to: name)
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
