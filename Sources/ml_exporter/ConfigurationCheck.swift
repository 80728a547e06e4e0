internal import Glibc
internal import HTTP
internal import Host
internal import Kernel
internal import Settings

/// What a valid configuration asks for and this machine cannot do: `check-config` prints it.
///
/// The daemon starts all the same: a directory may be mounted later, and a file that is checked on one
/// machine is often meant for another. So these are warnings.
struct ConfigurationCheck {
    private(set) var warnings: [String] = []

    init(_ configuration: Configuration) {
        let roots = configuration.roots
        for (flag, path) in [
            ("--path.procfs", roots.proc.path), ("--path.sysfs", roots.sys.path),
            ("--path.rootfs", roots.rootfs.path),
        ] {
            if let reason = ConfigurationCheck.fault(ofDirectory: path) {
                warnings.append("\(flag)=\(path): \(reason)")
            }
        }
        for path in configuration.host.textFileDirectories {
            if let reason = ConfigurationCheck.fault(ofDirectory: path) {
                warnings.append("--collector.textfile.directory=\(path): \(reason)")
            }
        }
        for name in configuration.host.unbuilt {
            warnings.append("--collector.\(name): there is no such collector for this system")
        }
        if let path = configuration.storage.path,
            let reason = ConfigurationCheck.fault(ofStorage: path)
        {
            warnings.append(
                "--storage.path=\(path): \(reason); pushes would be refused until it can be used")
        }
    }

    /// Why a directory cannot be read; nil if it can.
    private static func fault(ofDirectory path: String) -> String? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return KernelError.last(path).detail }
        if status.st_mode & S_IFMT != S_IFDIR { return "not a directory" }
        return unsafe access(path, R_OK | X_OK) == 0 ? nil : KernelError.last(path).detail
    }

    /// Why files cannot be made in a directory, which is made itself if it is missing; nil if they can.
    private static func fault(ofStorage path: String) -> String? {
        var folder = path
        while true {
            var status = stat()
            if unsafe stat(folder, &status) == 0 {
                if status.st_mode & S_IFMT != S_IFDIR { return "\(folder) is not a directory" }
                let isUsable = unsafe access(folder, R_OK | W_OK | X_OK) == 0
                return isUsable ? nil : "\(folder): \(KernelError.last(folder).detail)"
            }
            let error = KernelError.last(folder)
            guard error.isAbsence else { return "\(folder): \(error.detail)" }
            folder = parent(of: folder)
        }
    }

    private static func parent(of path: String) -> String {
        var parts = path.split(separator: "/")
        if !parts.isEmpty { parts.removeLast() }
        let isAbsolute = path.hasPrefix("/")
        if parts.isEmpty { return isAbsolute ? "/" : "." }
        return (isAbsolute ? "/" : "") + parts.joined(separator: "/")
    }
}

extension Configuration {
    /// Addresses that cannot be bound together, each pair in a sentence.
    static func conflicts(telemetry: [ListenAddress], push: [ListenAddress]) -> [String] {
        let all =
            telemetry.map { (flag: "--web.listen-address", address: $0) }
            + push.map { (flag: "--push.listen-address", address: $0) }
        var sentences: [String] = []
        for (place, first) in all.enumerated() {
            for second in all[(place + 1)...] where first.address.overlaps(second.address) {
                sentences.append(
                    "\(second.flag)=\(second.address) is already taken by \(first.flag)=\(first.address)."
                )
            }
        }
        return sentences
    }
}
