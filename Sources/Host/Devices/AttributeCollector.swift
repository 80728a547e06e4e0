internal import Exposition
internal import Kernel

/// A collector of devices of one directory whose attributes are samples. Classes of devices that are
/// flat are a `DeviceTable` instead.
protocol AttributeCollector: Collector, ~Copyable {
    var directory: DeviceDirectory { get set }
    var readings: AttributeFamilies { get set }

    /// Adds the attributes of all devices to `readings`; the names are those of the directory.
    mutating func find(_ names: [String])
}

extension AttributeCollector where Self: ~Copyable {
    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try collectAttributes(&scrape, into: &page)
    }

    mutating func collectAttributes(
        _ scrape: inout CollectionContext, into page: inout Page
    ) throws(KernelError) {
        if let names = try directory.look(&scrape) {
            readings.begin()
            find(names)
            readings.end()
        }
        if readings.write(&scrape, to: &page) { directory.lookSoon() }
    }
}
