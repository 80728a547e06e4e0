internal import Exposition
internal import Kernel
internal import Settings

/// The devices of one directory of sysfs whose attributes are a table: which numbers a device may
/// have, and which texts are labels.
struct DeviceTable: ~Copyable {
    /// The texts that are labels of a family with the value 1.
    struct Info {
        let family: String
        let help: String
        /// The files, whose names are the labels.
        let files: [String]
        /// Files whose numbers are shown without 0x.
        var filesWithoutPrefix: Set<String> = []
        /// Whether a label without a text is left out.
        var hidesEmpty = false
        /// Whether the family stands in front of those of the numbers.
        var comesFirst = false
    }

    /// What a class of devices looks like.
    struct Shape {
        /// The directory of the devices below /sys.
        let path: String
        /// The label that a device's name is.
        let label: String
        /// The directory of the numbers below the device's own; empty if they are in that itself.
        var folder = ""
        let numbers: [AttributeRow]
        var info: Info?
    }

    private let shape: Shape
    private let isDevice: (String) -> Bool
    private var directory: DeviceDirectory
    private var families = AttributeFamilies()
    private var info: AttributeInfo?

    /// `isDevice` tells by its name whether an entry of the directory is a device.
    init(
        _ machine: CollectorResources, shape: Shape,
        isDevice: @escaping (String) -> Bool = { _ in true }
    ) {
        self.shape = shape
        self.isDevice = isDevice
        directory = DeviceDirectory(machine, path: shape.path)
        if let info = shape.info {
            self.info = AttributeInfo(
                Family(info.family, kind: .gauge, help: info.help), hidesEmpty: info.hidesEmpty)
        }
    }

    /// Finds the devices if they may have changed, reads their attributes and writes the families.
    mutating func collect(
        _ scrape: inout CollectionContext, into page: inout Page
    ) throws(KernelError) {
        if let names = try directory.look(&scrape) { find(names) }
        let infoComesFirst = shape.info?.comesFirst ?? false
        if infoComesFirst { writeInfo(&scrape, to: &page) }
        if families.write(&scrape, to: &page) { directory.lookSoon() }
        if !infoComesFirst { writeInfo(&scrape, to: &page) }
    }

    private mutating func writeInfo(_ scrape: inout CollectionContext, to page: inout Page) {
        if info?.write(&scrape, to: &page) ?? false { directory.lookSoon() }
    }

    private mutating func find(_ names: [String]) {
        let root = directory.root
        families.begin()
        info?.begin()
        for name in names where isDevice(name) {
            let device = "\(directory.path)/\(name)"
            let labels = [(name: shape.label, value: name)]
            let folder = shape.folder.isEmpty ? device : "\(device)/\(shape.folder)"
            let files = Set((try? root.names(in: folder)) ?? [])
            families.add(
                shape.numbers.filter { files.contains($0.file) }, in: folder, of: root,
                labels: labels)
            if let shape = shape.info {
                let texts =
                    self.shape.folder.isEmpty
                    ? files : Set((try? root.names(in: device)) ?? [])
                info?.add(
                    labels,
                    attributes: shape.files.filter { texts.contains($0) }.map {
                        ($0, Attribute(root, name: "\(device)/\($0)"))
                    }, withoutPrefix: shape.filesWithoutPrefix)
            }
        }
        families.end()
    }
}
