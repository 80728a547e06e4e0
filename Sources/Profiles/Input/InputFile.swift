internal import Glibc
internal import Kernel
internal import Wire

/// A file of rows, or standard input, which can be read again from the start.
///
/// What is no regular file is copied into a temporary one while it is read, because a column may turn out
/// to be text after thousands of numbers, and its first values are then needed as they were written.
package final class InputFile {
    /// The name as it was given; "-" is standard input.
    package let name: String
    /// Bytes of a regular file, nil when they are not known.
    package let size: Int?
    /// Is called with the bytes read so far, now and then.
    package var onProgress: ((Int) -> Void)?
    private let descriptor: Int32
    private let temporaryFolder: String
    private var copy: SpillFile?
    private var position = 0
    private var isRewound = false
    private let isReadOnce: Bool
    private var digest = Digest()
    private var digestText: String?

    /// Opens a path, or standard input for "-". `isReadOnce`: it will not be
    /// rewound, and `sha256` will not be asked for.
    package init(
        _ path: String, temporaryFolder: String, isReadOnce: Bool = false
    ) throws(InputError) {
        name = path
        self.isReadOnce = isReadOnce
        self.temporaryFolder = temporaryFolder
        descriptor = path == "-" ? dup(STDIN_FILENO) : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(.last(path)) }
        var about = stat()
        guard unsafe fstat(descriptor, &about) == 0 else {
            let error = KernelError.last(path)
            close(descriptor)
            throw .system(error)
        }
        let isRegular = about.st_mode & S_IFMT == S_IFREG && path != "-"
        size = isRegular ? Int(about.st_size) : nil
        if isRegular { posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL) }
        if about.st_mode & S_IFMT == S_IFDIR {
            close(descriptor)
            throw .system(KernelError("is a directory", subject: path))
        }
    }

    deinit {
        close(descriptor)
    }

    /// Fills `bytes` from its start; 0 at the end of the file.
    func read(into bytes: UnsafeMutableRawBufferPointer) throws(InputError) -> Int {
        if isRewound, let copy {
            let got = unsafe try copy.read(into: bytes, offset: position)
            position += got
            return got
        }
        while true {
            let got =
                size == nil
                ? unsafe Glibc.read(descriptor, bytes.baseAddress, bytes.count)
                : unsafe pread(descriptor, bytes.baseAddress, bytes.count, off_t(position))
            if got < 0 {
                if errno == EINTR { continue }
                throw .system(.last(name))
            }
            if !isRewound { unsafe try keep(UnsafeRawBufferPointer(rebasing: bytes[..<got])) }
            position += got
            onProgress?(position)
            return got
        }
    }

    private func keep(_ bytes: UnsafeRawBufferPointer) throws(InputError) {
        if unsafe bytes.isEmpty { return }
        if isReadOnce { return }
        unsafe add(bytes)
        if size == nil {
            let target: SpillFile
            if let copy { target = copy } else { target = try SpillFile(folder: temporaryFolder) }
            copy = target
            _ = unsafe try target.append(bytes)
        }
    }

    private func add(_ bytes: UnsafeRawBufferPointer) {
        let span = unsafe Span<UInt8>(_unsafeElements: bytes.bindMemory(to: UInt8.self))
        digest.add(span)
    }

    /// Starts from the first byte again; everything must have been read once.
    func rewind() {
        if digestText == nil { digestText = Hexadecimal.text(digest.finish()) }
        isRewound = true
        position = 0
    }

    /// SHA-256 of all bytes in hexadecimal digits, once they have been read.
    var sha256: String {
        if let digestText { return digestText }
        let text = Hexadecimal.text(digest.finish())
        digestText = text
        return text
    }
}
