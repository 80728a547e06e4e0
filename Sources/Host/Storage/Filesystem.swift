internal import CLinux
internal import Exposition
internal import Glibc
internal import Kernel
internal import Settings

/// Size, free space and state of mounted file systems: mountinfo of process 1 and statfs(2).
///
/// A mount that does not answer within the mount timeout is shown with an error in the same scrape,
/// and statfs(2) is not called again for it before that call has returned.
struct Filesystem: Collector, ~Copyable {
    static var name: String { "filesystem" }

    /// A mount point beyond this many bytes is skipped; the kernel's own limit is 4096.
    static var pathLimit: Int { 16384 }

    /// Mounts beyond this many are skipped.
    static var mountLimit: Int { 50_000 }

    private let rootfs: Root
    private let mountTimeout: Duration
    private var ofInit: KernelFile
    private var ofSelf: KernelFile
    private var points: CachedFilter
    private var types: CachedFilter
    private var table: SeriesTable
    private var mountInfo = SeriesTable([
        .init(
            Family(
                "node_filesystem_mount_info", kind: .gauge, help: "Filesystem mount information."))
    ])
    private let hungCalls = UnlabelledMetric(
        "ml_exporter_filesystem_hung_calls", kind: .gauge,
        help: "Mounts whose state was asked for and has not come yet.")

    /// What is shown, as long as no mount comes or goes.
    private var mounts: [MountedFilesystem]?
    /// By path, so that a call that hangs is not repeated when the mount table is read again.
    private var calls: [[UInt8]: StatfsCall] = [:]
    private var asker: StatfsWorkers?
    private var skippedLines = 0

    private enum Column: Int { case error, readOnly, size, free, available, files, filesFree }

    init(_ roots: FilesystemRoots, settings: FilesystemSettings) {
        rootfs = roots.rootfs
        mountTimeout = settings.mountTimeout
        ofInit = roots.proc.file("1/mountinfo", limit: 64 << 20)
        ofSelf = roots.proc.file("self/mountinfo", limit: 64 << 20)
        self.points = CachedFilter(settings.points)
        self.types = CachedFilter(settings.types)
        func column(_ name: String, help: String) -> SeriesTable.Column {
            SeriesTable.Column(Family("node_filesystem_\(name)", kind: .gauge, help: help))
        }
        table = SeriesTable([
            column(
                "device_error",
                help: "Whether an error occurred while getting statistics for the given device."),
            column("readonly", help: "Filesystem read-only status."),
            column("size_bytes", help: "Filesystem size in bytes."),
            column("free_bytes", help: "Filesystem free space in bytes."),
            column("avail_bytes", help: "Filesystem space available to non-root users in bytes."),
            column("files", help: "Filesystem total file nodes."),
            column("files_free", help: "Filesystem total free file nodes."),
        ])
    }

    deinit {
        asker?.end()
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        if mounts == nil || ofInit.mayHaveChanged() { try readMounts(&scrape) }
        scrape.skippedLines += skippedLines
        guard let mounts else { return }
        let hung = try askRemote(mounts, until: scrape.deadlineNanoseconds)
        show(mounts)
        table.write(to: &page)
        mountInfo.write(to: &page)
        if !calls.isEmpty { page.single(hungCalls, value: Double(hung)) }
    }

    private mutating func readMounts(_ scrape: inout CollectionContext) throws(KernelError) {
        mounts = nil
        do throws(KernelError) {
            try scrape.read(&ofInit)
        } catch {
            // The mount option hidepid of procfs hides process 1 from all users but root.
            guard error.isAbsence || error.code == EACCES else { throw error }
            do throws(KernelError) {
                try scrape.read(&ofSelf)
            } catch _ {
                throw error
            }
        }
        skippedLines = parse(scrape.text.bytes)
    }

    /// Keeps the mounts that the filters admit and that are not hidden by others. Returns the number of
    /// lines that could not be used.
    mutating func parse(_ text: Span<UInt8>) -> Int {
        var skipped = 0
        var shown: [MountedFilesystem] = []
        var places: [[UInt8]: Int] = [:]
        let tree = MountTree(text)
        var index = -1
        var remote = RemotePoints()
        var asked: [[UInt8]: StatfsCall] = [:]
        points.begin()
        types.begin()
        var lines = Cursor(text)
        while let line = lines.line() {
            guard let mount = Mount(line) else {
                skipped += 1
                continue
            }
            index += 1
            guard mount.point.count <= Filesystem.pathLimit else {
                skipped += 1
                continue
            }
            let point = MountedFilesystem.point(Mount.unescape(mount.point), below: rootfs)
            let isLocal = MountedFilesystem.isLocal(mount.type)
            if !isLocal { remote.add(point) }
            if tree.isHidden[index] { continue }
            if !types.matches(mount.type) || !points.matches(point.span) { continue }
            var mounted = MountedFilesystem(mount, at: point.span, below: rootfs, call: nil)
            // A device can be at one point twice without a common path: as `/` of a container and, with
            // the root's prefix, as `/` of the host. The later line is the host's.
            let place = places[mounted.key] ?? shown.count
            if place == Filesystem.mountLimit {
                skipped += 1
                continue
            }
            places[mounted.key] = place
            if !isLocal || remote.contain(point) {
                let path = mounted.path
                let call = asked[path] ?? calls[path] ?? StatfsCall(path: path)
                asked[path] = call
                mounted = MountedFilesystem(mount, at: point.span, below: rootfs, call: call)
            }
            if place < shown.count { shown[place] = mounted } else { shown.append(mounted) }
        }
        calls = asked
        mounts = shown
        return skipped
    }

    /// Calls statfs(2) for all remote mounts in parallel. Returns how many hang.
    private mutating func askRemote(
        _ mounts: [MountedFilesystem], until deadline: UInt64
    ) throws(KernelError) -> Int {
        if calls.isEmpty { return 0 }
        let waiting = calls.values.filter { $0.begin() }
        let asker = if let asker { asker } else { try StatfsWorkers() }
        self.asker = asker
        asker.run(
            waiting,
            until: min(deadline, Clock.monotonicNanoseconds &+ mountTimeout.nanoseconds))
        return calls.values.count { $0.isUnderWay }
    }

    private mutating func show(_ mounts: [MountedFilesystem]) {
        table.begin()
        mountInfo.begin()
        for mount in mounts {
            guard let call = mount.call else {
                show(mount, answer: StatfsCall.ask(mount.path))
                continue
            }
            show(mount, answer: call.answer)
        }
        table.end()
        mountInfo.end()
    }

    /// `answer` is nil if statfs(2) has not returned in time.
    private mutating func show(_ mount: MountedFilesystem, answer: StatfsCall.Answer?) {
        guard case .space(let about)? = answer else {
            var error = "mountpoint timeout"
            if case .failed(let code)? = answer {
                error =
                    String(KernelError(code, subject: "").description.dropFirst(2)).lowercasedASCII
            }
            let key = mount.key + [0] + Array(error.utf8)
            if let row = row(mount, key: key, error: error) { set(row, column: .error, value: 1) }
            return
        }
        guard let row = row(mount, key: mount.key, error: "") else { return }
        let block = Double(about.block_bytes)
        set(row, column: .error, value: 0)
        set(row, column: .size, value: Double(about.blocks) * block)
        set(row, column: .free, value: Double(about.free_blocks) * block)
        set(row, column: .available, value: Double(about.available_blocks) * block)
        set(row, column: .files, value: Double(about.files))
        set(row, column: .filesFree, value: Double(about.free_files))
        let info = mountInfo.row(
            mount.infoKey.span,
            labels: {
                [
                    ("device", mount.source), ("major", String(mount.major)),
                    ("minor", String(mount.minor)), ("mountpoint", mount.point),
                ]
            })
        if let info { mountInfo[info, 0] = 1 }
    }

    private mutating func row(
        _ mount: MountedFilesystem, key: [UInt8], error: String
    ) -> Int? {
        let row = table.row(
            key.span,
            labels: {
                [
                    ("device", mount.source), ("mountpoint", mount.point),
                    ("fstype", mount.type), ("device_error", error),
                ]
            })
        if let row { set(row, column: .readOnly, value: mount.isReadOnly ? 1 : 0) }
        return row
    }

    private mutating func set(_ row: Int, column: Column, value: Double) {
        table[row, column.rawValue] = value
    }
}

extension String {
    /// As Go spells the messages of errno: in lower case.
    fileprivate var lowercasedASCII: String {
        String(decoding: utf8.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
