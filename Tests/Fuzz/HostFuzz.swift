// modules: Host

import Exposition
import Kernel
import Settings
import Wire

@testable import Host

/// Feeds the same bytes to every parser of kernel text, as if each file held them. Nothing may
/// trap, and every line of the page that comes out must be one that Prometheus could read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHost(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: start, count: count)
    let text = unsafe Span(_unsafeElements: input)
    let nowhere = Root("/nonexistent")
    let roots = FilesystemRoots(proc: nowhere, sys: nowhere, rootfs: nowhere, udev: nowhere)
    var errors = ValidationErrors()
    let everything = Filter(flag: "", include: nil, exclude: nil, errors: &errors)
    var page = Page(format: .openMetrics, body: Buffer(capacity: 4096))

    var memory = MemInfo(roots)
    _ = memory.write(text, to: &page)

    let machine = CollectorResources(roots)
    _ = machine.statistics.parse(text)
    var scrape = CollectionContext()
    var processor = CPU(machine, settings: CPUSettings())
    processor.writeSeconds(&scrape, to: &page)

    var disk = DiskStats(roots, filter: everything)
    _ = disk.parse(text)

    var rows = NetDevRows(
        roots,
        settings: NetDevSettings(
            filter: everything, usesNetlink: false, showsAddresses: false, showsAliases: false,
            isDetailed: true))
    rows.begin()
    _ = NetDevSource.parse(text, into: &rows)
    rows.end()
    rows.write(to: &page)

    var filesystem = Filesystem(
        roots,
        settings: FilesystemSettings(
            points: everything, types: everything, mountTimeout: .seconds(1)))
    _ = filesystem.parse(text)
    _ = LoadAvg.parse(text)
    devices(text, machine: machine, everything: everything, page: &page)
    _ = CPUTopology.numbers(text)
    _ = UdevProperties.parse(text)
    _ = DRMCard(name: "card0", about: text)
    _ = DRMCards.errors(text)
    groups(text, to: &page)
    network(text, roots: roots, to: &page)
    memoryFiles(text, roots: roots, to: &page)
    system(text)
    links(text)
    _ = Negotiation.format(accept: text)
    check(page.bytes)
    return 0
}

private func groups(_ text: Span<UInt8>, to page: inout Page) {
    var rows = ControlGroupRows(limit: 2)
    let name = text.extracting(first: min(text.count, 64)).copied
    rows.begin()
    if let row = rows.row(name) {
        _ = rows.parseProcessor(text, in: row)
        _ = rows.parseProcessorLimit(text, in: row)
        _ = rows.parseNumber(text, column: .pids, in: row)
        _ = rows.parseEvents(text, in: row)
        _ = rows.parsePressure(text, waiting: .ioWaiting, stalled: .ioStalled, in: row)
        _ = rows.parseTraffic(text, of: name) { $0.span.string }
    }
    rows.end()
    rows.write(to: &page)
    var lines = Cursor(text)
    while let line = lines.line() {
        _ = Container.isContainerGroup(line)
        _ = Container.isContainerRoot(line)
    }
}

private func network(_ text: Span<UInt8>, roots: FilesystemRoots, to page: inout Page) {
    var statistics = Netstat(roots, pattern: nil)
    _ = statistics.writeExtended(text, to: &page)
    _ = statistics.write6(text, to: &page)
    _ = Sockstat(roots).write(text, to: &page)
    var packets = Softnet(roots)
    _ = packets.parse(text)
    packets.write(to: &page)
    var neighbours = ARP(
        roots, settings: ARPSettings(filter: Filter(excluding: nil), usesNetlink: false))
    _ = neighbours.parse(text)
    neighbours.write(to: &page)
    _ = UDPQueues.parse(text)
    _ = Conntrack.parse(text)
    var servers = IPVS(roots, labels: IPVSLabel.allCases)
    _ = servers.parse(text)
    var some = IPVS(roots, labels: [.transport])
    _ = some.parse(text)
    _ = IPVS.totals(text)
    _ = InfiniBand.state(text)
    _ = InfiniBand.rate(text)
    _ = Bonding.names(text)
}

private func memoryFiles(_ text: Span<UInt8>, roots: FilesystemRoots, to page: inout Page) {
    var paging = VMStat(roots, pattern: nil)
    _ = paging.write(text, to: &page)
    var blocks = BuddyInfo(roots)
    _ = blocks.parse(text)
    blocks.write(to: &page)
    var zones = ZoneInfo(roots)
    _ = zones.parse(text)
}

private func system(_ text: Span<UInt8>) {
    _ = Pressure.totals(text)
    _ = FileFD.parse(text)
    _ = OSRelease.parse(text)
    _ = OSRelease.number(text.string)
    _ = OSRelease.seconds(ofDate: text.string)
    _ = SELinux.mode(text)
    _ = ProcessCensus.parse(text)
    var groups = ProcCgroups(
        FilesystemRoots(proc: Root("/"), sys: Root("/"), rootfs: Root("/"), udev: Root("/")))
    _ = groups.parse(text)
}

/// What kernels tell about devices and the file systems on them.
private func devices(
    _ text: Span<UInt8>, machine: CollectorResources, everything: Filter, page: inout Page
) {
    let roots = machine.roots
    var raid = MDAdm(machine)
    _ = raid.parse(text)
    var interrupts = Interrupts(
        roots, settings: InterruptSettings(filter: everything, showsZeros: true))
    _ = interrupts.parse(text)
    var softInterrupts = Softirqs(roots)
    _ = softInterrupts.parse(text)
    var scheduler = SchedStat(roots)
    _ = scheduler.parse(text)
    var mounts = MountStats(roots)
    _ = mounts.parse(text)
    var client = NFS.makeTable()
    _ = client.parse(text)
    client.write(to: &page)
    var server = NFSD.makeTable()
    _ = server.parse(text)
    server.write(to: &page)
    var statistics = StatisticTable { name in
        name.utf8Span.span.isMetricName ? Family(name, kind: .untyped, help: "X.") : nil
    }
    repeat {
        statistics.begin()
        _ = ZFS.parse(text, into: &statistics)
    } while !statistics.end()
    statistics.write(to: &page)
    _ = HumanReadableNumber.bcache(text)
    _ = HumanReadableNumber.bcachefs(text)
    _ = HumanReadableNumber.sinceCreation(text)
    let name = text.string
    _ = HwmonFileName.parse(name)
    _ = NVMe.namespaces([name, "nvme0n1"])
    _ = EDAC.clean(name)
    var uses: [String: Int] = [:]
    _ = RAPL.zone(name, uses: &uses)
}

private func links(_ text: Span<UInt8>) {
    var messages = NetlinkMessages(text)
    var steps = 0
    while steps <= text.count {
        steps += 1
        switch messages.next() {
        case .message(let message):
            _ = LinkMessages.link(message.payload)
            _ = LinkMessages.statistics(message.payload)
            _ = NetworkRoute(message.payload)
            var sums = TCPStat.Sums(repeating: 0)
            _ = TCPStat.add(message, to: &sums)
        case .datagramEnd: return
        default: break
        }
    }
    preconditionFailure("a dump without an end")
}

/// A line is a comment, or ends in a blank and a number; quotes come in pairs.
private func check(_ page: Span<UInt8>) {
    var lines = Cursor(page)
    while let line = lines.line() {
        if line.rest.starts(with: "#") { continue }
        guard let blank = line.rest.lastOffset(of: 0x20) else {
            preconditionFailure("a sample without a value")
        }
        var value = Cursor(line.rest.extracting(droppingFirst: blank + 1))
        precondition(value.decimal() != nil && value.isAtEnd, "a value that is no number")
        var quotes = 0
        var index = 0
        while index < blank {
            if line.rest[index] == 0x5C {
                index += 1
            } else if line.rest[index] == 0x22 {
                quotes += 1
            }
            index += 1
        }
        precondition(quotes % 2 == 0, "a label value that left its quotes")
    }
}
