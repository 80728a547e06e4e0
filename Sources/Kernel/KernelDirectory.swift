internal import CLinux
internal import Glibc

/// An open directory: its files are opened relative to it, without resolving its path again.
package struct KernelDirectory: ~Copyable {
    package let path: String
    private let descriptor: Int32

    package init(path: String) throws(KernelError) {
        self.path = path
        descriptor = unsafe clinux_open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK)
        guard descriptor >= 0 else { throw .last(path) }
    }

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Opens a directory inside this one; its name may be any bytes.
    package func directory(_ name: [UInt8]) throws(KernelError) -> KernelDirectory {
        let inside = unsafe (name + [0]).withUnsafeBytes { bytes in
            unsafe clinux_openat(
                descriptor, bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                O_RDONLY | O_DIRECTORY | O_NONBLOCK)
        }
        let path = "\(path)/\(name.span.string)"
        guard inside >= 0 else { throw .last(path) }
        return KernelDirectory(path: path, descriptor: inside)
    }

    /// Whether this is on a sysfs, not in a copied tree.
    package var isOnSysfs: Bool {
        clinux_filesystem_magic(descriptor) == Int64(clinux_sysfs_magic)
    }

    /// Replaces the contents of `text` by at most `limit` bytes of a file below the directory.
    /// Throws the error of open(2) or read(2).
    package func read(
        _ name: String, into text: inout Buffer, limit: Int = 4096
    ) throws(KernelError) {
        let file = unsafe clinux_openat(descriptor, name, O_RDONLY | O_NOCTTY | O_NONBLOCK)
        guard file >= 0 else { throw .last("\(path)/\(name)") }
        defer { close(file) }
        try fill(&text, from: file, limit: limit) { "\(path)/\(name)" }
    }

    /// As `read`, for a file whose name may be any bytes, terminated by NUL.
    package func read(
        terminated name: [UInt8], into text: inout Buffer, limit: Int = 4096
    ) throws(KernelError) {
        precondition(name.last == 0)
        let file = unsafe name.withUnsafeBytes { bytes in
            unsafe clinux_openat(
                descriptor, bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                O_RDONLY | O_NOCTTY | O_NONBLOCK)
        }
        guard file >= 0 else { throw .last(path) }
        defer { close(file) }
        try fill(&text, from: file, limit: limit) { path }
    }

    private func fill(
        _ text: inout Buffer, from file: Int32, limit: Int, subject: () -> String
    ) throws(KernelError) {
        text.removeAll()
        while text.count < limit {
            let free = limit - text.count
            let before = text.count
            unsafe try text.append(upTo: free) { (target) throws(KernelError) in
                while true {
                    let got = unsafe Glibc.read(file, target, free)
                    if got >= 0 { return got }
                    guard errno == EINTR else { throw .last(subject()) }
                }
            }
            if text.count == before { return }
        }
    }

    /// What an entry is, as far as the file system tells with its name.
    package enum EntryKind: Sendable {
        case file, directory
        /// A symbolic link, a socket, a device.
        case other
        /// The file system does not tell.
        case unknown

        /// The `d_type` of getdents64(2).
        init(type: UInt8) {
            self =
                switch Int(type) {
                case Int(DT_REG): .file
                case Int(DT_DIR): .directory
                case Int(DT_UNKNOWN): .unknown
                default: .other
                }
        }
    }

    /// Calls `body` with the name of each entry except `.` and `..` and its kind, in the kernel's order.
    /// `scratch` holds the listing meanwhile.
    package func eachName(
        _ scratch: inout Buffer, body: (_ name: Span<UInt8>, _ kind: EntryKind) -> Void
    ) throws(KernelError) {
        lseek(descriptor, 0, SEEK_SET)
        while true {
            scratch.removeAll()
            let (descriptor, path) = (self.descriptor, self.path)
            unsafe try scratch.append(upTo: 32 << 10) { (target) throws(KernelError) in
                let got = unsafe clinux_read_directory(descriptor, target, 32 << 10)
                if got < 0 { throw .last(path) }
                return got
            }
            if scratch.count == 0 { return }
            KernelDirectory.names(scratch.bytes, body: body)
        }
    }

    /// Parses the records of getdents64(2): inode and offset of 8 bytes each, record length of 2, type
    /// of 1, the name up to a NUL. A record that does not fit ends the list.
    static func names(
        _ records: Span<UInt8>, body: (Span<UInt8>, EntryKind) -> Void
    ) {
        var rest = records
        while rest.count > 19 {
            let length = Int(rest[16]) | Int(rest[17]) << 8
            guard length > 19, length <= rest.count else { return }
            let padded = rest.extracting(19..<length)
            let name = padded.extracting(first: padded.offset(of: 0) ?? padded.count)
            if !name.isEmpty, !name.equals("."), !name.equals("..") {
                body(name, EntryKind(type: rest[18]))
            }
            rest = rest.extracting(droppingFirst: length)
        }
    }
}
