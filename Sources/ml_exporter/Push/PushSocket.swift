internal import Glibc
internal import HTTP
internal import Kernel
internal import Settings

/// The Unix socket of the push listener.
struct PushSocket: Sendable, Equatable {
    /// The default path, used if its directory exists.
    static let standardPath = "/run/ml_exporter/push.sock"

    let address: ListenAddress
    let mode: UInt32
    let group: UInt32?
    /// Whether a flag names the socket: then failing to bind it is an error.
    let isWanted: Bool

    /// Nil if the socket is disabled, or not requested and its directory is missing.
    init?(_ flags: PushFlags, errors: inout ValidationErrors) {
        mode = flags.socketMode
        group = flags.socketGroup.flatMap { PushSocket.group($0, errors: &errors) }
        isWanted = flags.socket != nil
        let path = flags.socket ?? PushSocket.standardPath
        if path.isEmpty || path == "none" { return nil }
        if !isWanted, !PushSocket.isFolder("/run/ml_exporter") { return nil }
        do throws(ListenAddressError) {
            address = try ListenAddress.parse("unix:" + path)
        } catch {
            errors.add("--push.socket: \(error)")
            return nil
        }
    }

    func bind() throws(KernelError) -> Listener {
        try Listener.bind(address, unixMode: mode, unixGroup: group)
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            && access(path, W_OK) == 0
    }

    private static func group(_ text: String, errors: inout ValidationErrors) -> UInt32? {
        if let number = UInt32(text) { return number }
        if let entry = unsafe getgrnam(text) { return unsafe entry.pointee.gr_gid }
        errors.add("--push.socket-group: there is no group \"\(text)\".")
        return nil
    }
}
