internal import Glibc

/// A file could not be prepared for a test.
public struct ScratchError: Error, CustomStringConvertible {
    public let subject: String
    /// An errno.
    public let code: Int32

    static func last(_ subject: String) -> ScratchError {
        ScratchError(subject: subject, code: errno)
    }

    public var description: String { "\(subject): error \(code)" }
}

/// Makes a file of these bytes.
public func writeFile(_ bytes: [UInt8], at path: String) throws(ScratchError) {
    let descriptor = unsafe creat(path, 0o644)
    guard descriptor >= 0 else { throw .last(path) }
    defer { close(descriptor) }
    var start = 0
    while start < bytes.count {
        let written = unsafe bytes[start...].withUnsafeBytes {
            unsafe write(descriptor, $0.baseAddress, $0.count)
        }
        guard written > 0 else { throw .last(path) }
        start += written
    }
}
