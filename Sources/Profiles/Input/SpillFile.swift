internal import Glibc
internal import Kernel

/// A temporary file without a name: its space is free when the process ends, however it ends.
final class SpillFile {
    /// Where something lies in the file.
    struct Extent {
        var offset: Int
        var count: Int
    }

    private let folder: String
    private let descriptor: Int32
    /// Bytes written so far.
    private(set) var count = 0

    init(folder: String) throws(InputError) {
        self.folder = folder
        var template = Array("\(folder)/ml_exporter-XXXXXX".utf8CString)
        descriptor = unsafe mkstemp(&template)
        guard descriptor >= 0 else { throw .system(.last(folder)) }
        unsafe unlink(template)
    }

    deinit {
        close(descriptor)
    }

    /// Appends bytes and returns their location.
    func append(_ bytes: UnsafeRawBufferPointer) throws(InputError) -> Extent {
        let extent = Extent(offset: count, count: bytes.count)
        var done = 0
        while done < bytes.count {
            let written = unsafe pwrite(
                descriptor, bytes.baseAddress.map { unsafe $0 + done }, bytes.count - done,
                off_t(count + done))
            if written < 0 {
                if errno == EINTR { continue }
                throw .system(.last("temporary file in \(folder)"))
            }
            done += written
        }
        count += done
        return extent
    }

    /// Reads bytes from an offset; fewer than asked for only at the end.
    func read(into bytes: UnsafeMutableRawBufferPointer, offset: Int) throws(InputError) -> Int {
        var done = 0
        while done < bytes.count {
            let got = unsafe pread(
                descriptor, bytes.baseAddress.map { unsafe $0 + done }, bytes.count - done,
                off_t(offset + done))
            if got < 0 {
                if errno == EINTR { continue }
                throw .system(.last("temporary file in \(folder)"))
            }
            if got == 0 { break }
            done += got
        }
        return done
    }
}
