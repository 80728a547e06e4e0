import Model
import Wire

/// The sections of a snapshot of models.
struct ModelSections {
    var all: [(isVersion: Bool, bytes: [UInt8])] = []

    init() {}

    init(_ models: Models) { self.init(models.image) }

    init(_ image: Models.Image) {
        for number in 0..<image.modelCount { all.append((false, image.model(number))) }
        for number in 0..<image.versionCount { all.append((true, image.version(number))) }
    }

    /// Returns whether all of them could be restored.
    func restore(into models: Models) -> Bool {
        var isWhole = true
        for section in all {
            var reader = ByteReader(section.bytes.span)
            let isRead =
                section.isVersion ? models.readVersion(&reader) : models.readModel(&reader)
            isWhole = isWhole && isRead
        }
        return isWhole
    }
}
