internal import CLinux
internal import Exposition
internal import Glibc
internal import Kernel
internal import Settings

/// Size, free space and state of mounted file systems: mountinfo of process 1 and statfs(2).
struct Filesystem: Collector, ~Copyable {
    static var name: String { "filesystem" }

    /// A mount point beyond this many bytes is skipped; the kernel's own limit is 4096.
    static var pathLimit: Int { 16384 }

    private let rootfs: Root
    private var ofInit: KernelFile
    private var ofSelf: KernelFile
    private var points: Sieve
    private var types: Sieve
    private var table: SeriesTable
    private var mountInfo = SeriesTable([
        .init(
            Family("node_filesystem_mount_info", .gauge, help: "Filesystem mount information."))
    ])

    /// The lines of the last read that pass the types, as long as no mount comes or goes.
    private var mounts: Buffer?
    /// The same while they are gathered.
    private var admitted: Buffer?

    private enum Column: Int { case error, readOnly, size, free, available, files, filesFree }

    init(_ roots: Roots, points: Filter, types: Filter) {
        rootfs = roots.rootfs
        ofInit = roots.proc.file("1/mountinfo", limit: 64 << 20)
        ofSelf = roots.proc.file("self/mountinfo", limit: 64 << 20)
        self.points = Sieve(points)
        self.types = Sieve(types)
        func column(_ name: String, _ help: String) -> SeriesTable.Column {
            SeriesTable.Column(Family("node_filesystem_\(name)", .gauge, help: help))
        }
        table = SeriesTable([
            column(
                "device_error",
                "Whether an error occurred while getting statistics for the given device."),
            column("readonly", "Filesystem read-only status."),
            column("size_bytes", "Filesystem size in bytes."),
            column("free_bytes", "Filesystem free space in bytes."),
            column("avail_bytes", "Filesystem space available to non-root users in bytes."),
            column("files", "Filesystem total file nodes."),
            column("files_free", "Filesystem total free file nodes."),
        ])
    }

    mutating func collect(_ scrape: inout Scrape, into page: inout Page) throws(KernelError) {
        if let known = mounts.take() {
            if !ofInit.mayHaveChanged() {
                scrape.skippedLines += parse(known)
                mounts = consume known
                table.write(to: &page)
                mountInfo.write(to: &page)
                return
            }
        }
        do throws(KernelError) {
            try scrape.read(&ofInit)
        } catch {
            // hidepid hides process 1 from everybody but root.
            guard error.isAbsence || error.code == EACCES else { throw error }
            do throws(KernelError) {
                try scrape.read(&ofSelf)
            } catch _ {
                throw error
            }
        }
        admitted = Buffer(capacity: 1024)
        scrape.skippedLines += parse(scrape.text.bytes)
        mounts = admitted.take()
        table.write(to: &page)
        mountInfo.write(to: &page)
    }

    private mutating func parse(_ lines: borrowing Buffer) -> Int {
        parse(lines.bytes)
    }

    /// Asks every mount that passes for its state. Returns the lines that could not be used.
    mutating func parse(_ text: Span<UInt8>) -> Int {
        var skipped = 0
        table.begin()
        mountInfo.begin()
        points.begin()
        types.begin()
        var lines = Cursor(text)
        while let line = lines.line() {
            guard let mount = Mount(line), mount.point.count <= Filesystem.pathLimit else {
                skipped += 1
                continue
            }
            if !types.admits(mount.type) { continue }
            admitted?.append(line.rest)
            admitted?.append(UInt8(ascii: "\n"))
            if mount.point.offset(of: 0x5C) == nil {
                show(mount, at: mount.point)
            } else {
                let point = Mount.unescape(mount.point)
                show(mount, at: point.span)
            }
        }
        table.end()
        mountInfo.end()
        return skipped
    }

    private mutating func show(_ mount: borrowing Mount, at point: Span<UInt8>) {
        if !points.admits(point) { return }
        var about = clinux_space()
        let code = state(at: point, &about)
        let shown = shownPoint(point)
        let error =
            code == 0 ? "" : String(KernelError(code, "").description.dropFirst(2)).lowercasedASCII
        var key = mount.source.copied
        for part in [shown, mount.type.copied, Array(error.utf8)] {
            key.append(0)
            key += part
        }
        let (source, type) = (mount.source, mount.type)
        // The same device on the same point twice is one series, as the peer shows it.
        guard
            let row = table.row(
                key.span,
                labels: {
                    [
                        ("device", source.string), ("mountpoint", shown.span.string),
                        ("fstype", type.string), ("device_error", error),
                    ]
                })
        else { return }
        set(row, .error, code == 0 ? 0 : 1)
        set(row, .readOnly, mount.isReadOnly ? 1 : 0)
        if code != 0 { return }
        let block = Double(about.block_bytes)
        set(row, .size, Double(about.blocks) * block)
        set(row, .free, Double(about.free_blocks) * block)
        set(row, .available, Double(about.available_blocks) * block)
        set(row, .files, Double(about.files))
        set(row, .filesFree, Double(about.free_files))
        showInfo(mount, key, shown)
    }

    private mutating func showInfo(_ mount: borrowing Mount, _ key: [UInt8], _ shown: [UInt8]) {
        let (major, minor, source) = (mount.major, mount.minor, mount.source)
        var key = key
        key += "\0\(major):\(minor)".utf8
        let row = mountInfo.row(
            key.span,
            labels: {
                [
                    ("device", source.string), ("major", String(major)),
                    ("minor", String(minor)), ("mountpoint", shown.span.string),
                ]
            })
        if let row { mountInfo[row, 0] = 1 }
    }

    private mutating func set(_ row: Int, _ column: Column, _ value: Double) {
        table[row, column.rawValue] = value
    }

    /// The mount point as the host sees it: without the directory that stands for `/`.
    private func shownPoint(_ point: Span<UInt8>) -> [UInt8] {
        let bytes = point.copied
        let prefix = Array(rootfs.path.utf8)
        if rootfs.path == "/" || !bytes.starts(with: prefix) { return bytes }
        let stripped = Array(bytes.dropFirst(prefix.count))
        return stripped.isEmpty ? [0x2F] : stripped
    }

    /// statfs(2) below the root; returns 0 or the errno.
    private func state(at point: Span<UInt8>, _ about: inout clinux_space) -> Int32 {
        var path = rootfs.path == "/" ? [] : Array(rootfs.path.utf8)
        for index in 0..<point.count { path.append(point[index]) }
        path.append(0)
        return unsafe path.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return EFAULT }
            return unsafe clinux_space_at(start.assumingMemoryBound(to: CChar.self), &about)
        }
    }
}

extension String {
    /// As Go spells the messages of errno: in lower case.
    fileprivate var lowercasedASCII: String {
        String(decoding: utf8.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
