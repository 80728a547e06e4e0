internal import Exposition
internal import Kernel

/// Statistics of NFS mounts, from /proc/self/mountstats (mountstats(8)).
struct MountStats: Collector, ~Copyable {
    static var name: String { "mountstats" }

    /// The bits that a Double represents exactly; a counter wraps to 0 beyond them.
    private static let exactMask: UInt64 = 1 << 53 - 1

    private var file: KernelFile
    private var mountFile: KernelFile
    private var mounts = Buffer(capacity: 4096)
    private var block = MountStatsBlock()
    private var info = SeriesTable([
        .init(
            Family(
                "node_mountstats_nfs_mountpoint_info", kind: .gauge,
                help: "Info metric for an NFS mountpoint."))
    ])
    private var devices = MountNames.table(MountNames.device)
    private var transports = MountNames.table(MountNames.transport)
    private var operations = MountNames.table(MountNames.operation)

    init(_ roots: FilesystemRoots) {
        file = roots.proc.file("self/mountstats", limit: 16 << 20)
        mountFile = roots.proc.file("self/mountinfo", limit: 16 << 20)
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try scrape.read(&file)
        // The server's address is in the options of the mount table.
        if (try? mountFile.read(into: &mounts)) == nil { mounts.removeAll() }
        scrape.skippedLines += parse(scrape.text.bytes)
        info.write(to: &page)
        devices.write(to: &page)
        transports.write(to: &page)
        operations.write(to: &page)
    }

    /// Returns the number of invalid lines, or 1 if no mount is listed, because the root file system
    /// always is.
    mutating func parse(_ text: Span<UInt8>) -> Int {
        info.begin()
        devices.begin()
        transports.begin()
        operations.begin()
        var skipped = 0
        var heads = 0
        var lines = Cursor(text)
        while let line = lines.line() {
            guard line.rest.starts(with: "device ") else {
                // A mount without a device has no statistics.
                let isHead = line.rest.starts(with: "no device ")
                heads += isHead ? 1 : 0
                if !isHead, !line.rest.trimmed.isEmpty { skipped += 1 }
                continue
            }
            heads += 1
            guard let mount = MountHead(line) else {
                skipped += 1
                continue
            }
            if !mount.hasStatistics { continue }
            skipped += block.read(&lines)
            show(mount)
        }
        info.end()
        devices.end()
        transports.end()
        operations.end()
        return heads == 0 ? max(skipped, 1) : skipped
    }

    private mutating func show(_ mount: borrowing MountHead) {
        let (export, point) = (mount.device.string, mount.point.string)
        let address = MountStats.address(of: mount.point, in: mounts.bytes)
        for transport in block.transports {
            let labels = [
                ("export", export), ("mountaddr", address), ("protocol", transport.name),
            ]
            let key = labels.map(\.1).joined(separator: "\0")
            let full = Array("\(key)\0\(point)".utf8)
            if let row = info.row(full.span, labels: { labels + [("mountpoint", point)] }) {
                info[row, 0] = 1
            }
            // Several mounts of one export share its counters, several connections of one mount too.
            let bytes = Array(key.utf8)
            guard let row = devices.row(bytes.span, labels: { labels }) else { break }
            for (column, value) in block.values.enumerated() {
                if let value { devices[row, column] = Double(value) }
            }
            showParts(bytes, labels: labels)
        }
    }

    private mutating func showParts(_ key: [UInt8], labels: [(name: String, value: String)]) {
        for (index, transport) in block.transports.enumerated() {
            let full = key + Array("\0\(index)".utf8)
            guard
                let row = transports.row(
                    full.span, labels: { labels + [("transport", String(index))] })
            else { continue }
            for (column, place) in MountNames.transportPlaces.enumerated() {
                transports[row, column] = Double(
                    transport.values[place] & MountStats.exactMask)
            }
        }
        for operation in block.operations {
            let full = key + Array("\0\(operation.name)".utf8)
            guard
                let row = operations.row(
                    full.span, labels: { labels + [("operation", operation.name)] })
            else { continue }
            for column in 0..<8 {
                // The last three are milliseconds.
                let value = Double(operation.values[column] & MountStats.exactMask)
                operations[row, column] = column < 5 ? value : value / 1000
            }
        }
    }

    /// The option `addr` of the file system mounted last at a place; empty when it has none.
    private static func address(of point: Span<UInt8>, in mounts: Span<UInt8>) -> String {
        var found = ""
        var lines = Cursor(mounts)
        while let line = lines.line() {
            var words = line
            for _ in 0..<4 { _ = words.word() }
            guard let place = words.word(), place.equals(point),
                let blank = line.rest.lastOffset(of: 0x20)
            else { continue }
            found = ""
            var options = Cursor(line.rest.extracting(droppingFirst: blank + 1))
            while !options.isAtEnd {
                var option = Cursor(options.part(endedBy: 0x2C))
                if option.take("addr=") { found = option.rest.string }
            }
        }
        return found
    }
}
