internal import Exposition
internal import Kernel

/// Whether SELinux is on and enforces its policy: /sys/fs/selinux, and /etc/selinux/config for what
/// is configured (selinux(8)).
struct SELinux: Collector, ~Copyable {
    static var name: String { "selinux" }

    private var enforce: KernelFile
    private var label: KernelFile
    private var configuration: KernelFile
    private let enabled = UnlabelledMetric(
        "node_selinux_enabled", kind: .gauge, help: "SELinux is enabled, 1 is true, 0 is false")
    private let configuredMode = UnlabelledMetric(
        "node_selinux_config_mode", kind: .gauge, help: "Configured SELinux enforcement mode")
    private let currentMode = UnlabelledMetric(
        "node_selinux_current_mode", kind: .gauge, help: "Current SELinux enforcement mode")

    init(_ roots: FilesystemRoots) {
        enforce = roots.sys.file("fs/selinux/enforce", limit: 64, isOneRecord: true)
        label = roots.proc.file("self/attr/current", limit: 4096, isOneRecord: true)
        configuration = KernelFile(
            path: roots.rootfs.pathInside("etc/selinux/config"), limit: 64 << 10)
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        do throws(KernelError) {
            try scrape.read(&enforce)
        } catch {
            guard error.isAbsence else { throw error }
            page.single(enabled, value: 0)
            return
        }
        let mode = scrape.text.bytes.trimmed.signed
        // Before a policy is loaded everything has the label of the kernel.
        if hasOnlyKernelLabel(&scrape) {
            page.single(enabled, value: 0)
            return
        }
        page.single(enabled, value: 1)
        page.single(configuredMode, value: Double(configured(&scrape)))
        if mode == nil { scrape.skippedLines += 1 }
        page.single(currentMode, value: Double(mode ?? SELinux.disabled))
    }

    private static var disabled: Int64 { -1 }

    private mutating func hasOnlyKernelLabel(_ scrape: inout CollectionContext) -> Bool {
        guard (try? scrape.read(&label)) != nil else { return false }
        let text = scrape.text.bytes
        return text.extracting(first: text.offset(of: 0) ?? text.count).trimmed.equals("kernel")
    }

    /// Without a usable configuration the policy is disabled.
    private mutating func configured(_ scrape: inout CollectionContext) -> Int64 {
        guard (try? scrape.read(&configuration)) != nil else { return SELinux.disabled }
        return SELinux.mode(scrape.text.bytes) ?? SELinux.disabled
    }

    /// The mode in the first line `SELINUX=...`; nil if it is unknown.
    static func mode(_ text: Span<UInt8>) -> Int64? {
        var lines = Cursor(text)
        while let line = lines.line() {
            var pair = Cursor(line.rest.trimmed)
            guard let name = pair.text(before: 0x3D), name.trimmed.equals("SELINUX") else {
                continue
            }
            let mode = pair.rest.trimmed
            if mode.equals("enforcing") { return 1 }
            if mode.equals("permissive") { return 0 }
            return mode.equals("disabled") ? disabled : nil
        }
        return nil
    }
}
