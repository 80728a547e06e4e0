internal import Exposition
internal import Glibc
internal import Kernel
internal import Settings

/// What network interfaces are: state, speed, addresses, from /sys/class/net.
///
/// An interface is read again when rtnetlink announces that it has changed, and each one every five
/// minutes for changes that are not announced. Where announcements are not about these interfaces (a copied
/// tree, the /sys of another network namespace) all of them are read at each scrape.
struct NetClass: Collector, ~Copyable {
    static var name: String { "netclass" }

    static var longestBlindness: Duration { .seconds(300) }

    private let path: String
    private let settings: NetClassSettings
    private var events: LinkEvents?
    private var interfaces: [NetClassDevice] = []
    private var slots: [[UInt8]: Int] = [:]
    /// How many there are, with those that are filtered.
    private var listed = 0
    private var areAnnounced = false
    private var lookedAtNanoseconds: UInt64?
    /// Nil unless the flag enables them.
    private var alternativeNames: AlternativeNames?
    private var table: SeriesTable
    private var info = SeriesTable([
        .init(
            Family(
                "node_network_info", kind: .gauge,
                help: "Non-numeric data from /sys/class/net/<iface>, value is always 1."))
    ])

    init(_ roots: FilesystemRoots, settings: NetClassSettings) {
        path = roots.sys.path(of: "class/net")
        self.settings = settings
        alternativeNames = settings.showsAlternativeNames ? AlternativeNames() : nil
        let up = SeriesTable.Column(
            Family(
                "node_network_up", kind: .gauge,
                help: "Value is 1 if operstate is 'up', 0 otherwise."))
        let properties = NetClassDevice.properties.map {
            SeriesTable.Column(
                Family(
                    "node_network_\($0.metric)", kind: $0.isCounter ? .counter : .gauge,
                    help: "Network device property: \($0.metric)"))
        }
        table = SeriesTable([up] + properties)
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        do throws(KernelError) {
            if try look(&scrape) {
                fill()
                readAlternativeNames(&scrape)
            }
        } catch {
            lookedAtNanoseconds = nil
            scrape.isAbsent = error.isAbsence
            throw error
        }
        info.write(to: &page)
        alternativeNames?.write(to: &page)
        table.write(to: &page)
    }

    /// The kernel announces a change of the names as it does any change of an interface. A failure
    /// counts as a skipped line: the interfaces themselves are read from sysfs.
    private mutating func readAlternativeNames(_ scrape: inout CollectionContext) {
        var labels: [Int64: String] = [:]
        for interface in interfaces {
            if let number = interface.number { labels[number] = interface.label }
        }
        do throws(KernelError) {
            scrape.skippedLines +=
                try alternativeNames?.read(&scrape.text) { labels[Int64($0)] } ?? 0
        } catch {
            scrape.skippedLines += 1
        }
    }

    /// Reads what may have changed. Returns whether anything has.
    private mutating func look(_ scrape: inout CollectionContext) throws(KernelError) -> Bool {
        let now = Clock.monotonicNanoseconds
        var mustList = true
        var mustReadAll = true
        let isDue =
            lookedAtNanoseconds.map {
                now &- $0 > NetClass.longestBlindness.nanoseconds
            } ?? true
        if isDue, events == nil { events = try? LinkEvents() }
        // What is announced from here on is what the reading that follows may miss.
        let lifecycle = receiveEvents(&scrape.text)
        if areAnnounced, !isDue {
            mustReadAll = lifecycle == .lost
            mustList = lifecycle != .known
            if !mustList, !interfaces.contains(where: \.mustRead) { return false }
        }
        let directory = try KernelDirectory(path: path)
        if mustList { try list(directory, text: &scrape.text) }
        if mustReadAll { for interface in interfaces { interface.mustRead = true } }
        let isWhole = read(directory, scrape: &scrape)
        if isDue {
            lookedAtNanoseconds = isWhole ? now : nil
            areAnnounced = events != nil && directory.isOnSysfs && areOurs()
            if !areAnnounced { events = nil }
        }
        return true
    }

    /// Marks the interfaces whose changes were announced. An unknown interface requires a new list.
    private func receiveEvents(_ datagram: inout Buffer) -> LinkEvents.Changes {
        if events == nil { return .lost }
        var hasNew = false
        let lifecycle = events?.read(&datagram) { name in
            if let place = slots[name.copied] {
                interfaces[place].mustRead = true
            } else {
                hasNew = true
            }
        }
        return hasNew && lifecycle == .known ? .removed : lifecycle ?? .lost
    }

    /// Interfaces that were listed before keep their state.
    private mutating func list(
        _ directory: borrowing KernelDirectory, text: inout Buffer
    ) throws(KernelError) {
        var found: [NetClassDevice] = []
        listed = 0
        try directory.eachName(&text) { name, kind in
            // bonding_masters
            if kind == .file { return }
            listed += 1
            if !settings.filter.matches(name) { return }
            let bytes = name.copied
            if let place = slots[bytes] {
                found.append(interfaces[place])
            } else {
                found.append(NetClassDevice(bytes))
            }
        }
        interfaces = found.sorted { $0.name.lexicographicallyPrecedes($1.name) }
        index()
    }

    private mutating func index() {
        slots.removeAll(keepingCapacity: true)
        for (place, interface) in interfaces.enumerated() { slots[interface.name] = place }
    }

    /// Reads the interfaces that are marked. False if one has been removed since they were listed.
    private mutating func read(
        _ directory: borrowing KernelDirectory, scrape: inout CollectionContext
    ) -> Bool {
        var hasLost = false
        for interface in interfaces where interface.mustRead {
            do throws(KernelError) {
                scrape.skippedLines += try interface.read(in: directory, text: &scrape.text)
            } catch {
                hasLost = true
                if !error.isAbsence { scrape.skippedLines += 1 }
            }
        }
        if hasLost {
            interfaces.removeAll { $0.mustRead }
            index()
        }
        return !hasLost
    }

    /// Whether these are the interfaces of our own network namespace, which alone are announced.
    private func areOurs() -> Bool {
        guard let list = unsafe if_nameindex() else { return false }
        defer { unsafe if_freenameindex(list) }
        var entry = unsafe list
        var count = 0
        var matched = 0
        while let name = unsafe entry.pointee.if_name {
            count += 1
            let bytes = unsafe Array(UnsafeRawBufferPointer(start: name, count: strlen(name)))
            if let place = slots[bytes] {
                let number = interfaces[place].number
                if unsafe number == Int64(entry.pointee.if_index) { matched += 1 }
            }
            unsafe entry += 1
        }
        return count == listed && matched == interfaces.count
    }

    private mutating func fill() {
        table.begin()
        info.begin()
        for interface in interfaces {
            let name = interface.name
            let labels = { [("device", interface.label)] }
            if let row = table.row(name.span, labels: labels) {
                table[row, 0] = interface.isUp ? 1 : 0
                for property in NetClassDevice.properties.indices {
                    guard
                        let value = interface.value(
                            property, hidesInvalidSpeed: settings.hidesInvalidSpeed)
                    else { continue }
                    table[row, property + 1] = value
                }
            }
            let key = interface.key
            if let row = info.row(key.span, labels: { interface.infoLabels }) { info[row, 0] = 1 }
        }
        table.end()
        info.end()
    }
}
