import Glibc
import Kernel

/// A folder of files that a test writes, gone when nobody needs it.
final class Scratch: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/ml_exporter-test-XXXXXX".utf8CString)
        guard let made = unsafe mkdtemp(&template) else { throw KernelError.last("mkdtemp") }
        path = unsafe String(cString: made)
    }

    deinit {
        _ = try? Scratch.clear(path)
        unsafe rmdir(path)
    }

    /// Puts bytes into a file, its folders made as needed.
    func write(_ bytes: [UInt8], to name: String) throws {
        var folder = path
        for part in name.split(separator: "/").dropLast() {
            folder += "/" + part
            unsafe mkdir(folder, 0o755)
        }
        let file = path + "/" + name
        let descriptor = unsafe creat(file, 0o644)
        guard descriptor >= 0 else { throw KernelError.last(file) }
        defer { close(descriptor) }
        var start = 0
        while start < bytes.count {
            let written = unsafe bytes[start...].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            guard written > 0 else { throw KernelError.last(file) }
            start += written
        }
    }

    func write(_ text: String, to name: String) throws {
        try write(Array(text.utf8), to: name)
    }

    /// Takes a file away.
    func remove(_ name: String) {
        unsafe unlink(path + "/" + name)
    }

    private static func clear(_ folder: String) throws(KernelError) {
        for name in try Root(folder).names(in: "") {
            let entry = folder + "/" + name
            if unsafe unlink(entry) == 0 { continue }
            try clear(entry)
            unsafe rmdir(entry)
        }
    }
}
