internal import Glibc

/// A folder of files that a test writes, below the temporary one; gone with the value.
public final class Folder: Sendable {
    public let path: String

    public init() throws(ScratchError) {
        var template = Array("/tmp/ml_exporter-test-XXXXXX".utf8CString)
        guard let made = unsafe mkdtemp(&template) else { throw .last("mkdtemp") }
        path = unsafe String(cString: made)
    }

    deinit {
        Folder.remove(path)
    }

    /// What is in it, sorted.
    public var names: [String] { Folder.names(in: path) }

    /// Puts bytes into a file, its folders made as needed.
    public func write(_ bytes: [UInt8], to name: String) throws(ScratchError) {
        var folder = path
        for part in name.split(separator: "/").dropLast() {
            folder += "/" + part
            unsafe mkdir(folder, 0o755)
        }
        try writeFile(bytes, at: "\(path)/\(name)")
    }

    public func write(_ text: String, to name: String) throws(ScratchError) {
        try write(Array(text.utf8), to: name)
    }

    /// Makes a folder inside.
    public func make(_ name: String) throws(ScratchError) {
        guard unsafe mkdir("\(path)/\(name)", 0o755) == 0 else { throw .last(name) }
    }

    /// What a file holds.
    public func read(_ name: String) throws(ScratchError) -> [UInt8] {
        guard let file = unsafe fopen("\(path)/\(name)", "r") else { throw .last(name) }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe fread(&part, 1, part.count, file)
            if count == 0 { return bytes }
            bytes += part[..<count]
        }
    }

    /// Takes a file away.
    public func remove(_ name: String) {
        unsafe unlink("\(path)/\(name)")
    }

    /// Another folder with the same files, as they are at this moment.
    public func copy() throws(ScratchError) -> Folder {
        let copy = try Folder()
        for name in names {
            // A file may go while it is looked at.
            if let bytes = try? read(name) { try copy.write(bytes, to: name) }
        }
        return copy
    }

    private static func names(in path: String) -> [String] {
        guard let stream = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private static func remove(_ folder: String) {
        for name in names(in: folder) {
            let entry = "\(folder)/\(name)"
            if unsafe unlink(entry) != 0 { remove(entry) }
        }
        unsafe rmdir(folder)
    }
}
