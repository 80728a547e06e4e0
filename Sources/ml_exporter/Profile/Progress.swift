internal import Glibc
internal import Kernel
internal import Profiles

/// Shows on a terminal how much of a file has been read.
final class Progress {
    private static let interval: UInt64 = 500_000_000
    private let size: Int?
    private var shownAt: UInt64
    private var isShown = false

    /// Shows nothing where standard error is no terminal.
    init(_ file: InputFile) {
        size = file.size
        shownAt = Clock.realNanoseconds
        if isatty(STDERR_FILENO) == 1 { file.onProgress = { [self] in show($0) } }
    }

    private func show(_ bytes: Int) {
        let now = Clock.realNanoseconds
        if now < shownAt &+ Progress.interval { return }
        shownAt = now
        isShown = true
        let all = size.map { " of \(AmountText.bytes(Int64($0)))" } ?? ""
        Log.write("\rread \(AmountText.bytes(Int64(bytes)))\(all)  ", to: STDERR_FILENO)
    }

    /// Clears the line.
    func end() {
        if isShown { Log.write("\r\u{1B}[K", to: STDERR_FILENO) }
    }
}
