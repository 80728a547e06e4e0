internal import Glibc
internal import Kernel

/// A card of /sys/class/drm (Documentation/gpu) and the driver that it has.
struct DRMCard {
    /// A machine has at most 64 primary nodes.
    static var cardLimit: Int { 64 }

    let name: String
    let driver: String
    /// `1002:73BF`; empty when the card is on no PCI bus.
    let pciID: String

    /// The cards in the order of their numbers.
    static func list(_ sys: Root) -> [DRMCard] {
        guard let names = try? sys.names(in: "class/drm") else { return [] }
        // `card0-DP-1` is a connector of a card.
        let numbers = names.compactMap { $0.number(behind: "card") }
        return numbers.sorted().prefix(cardLimit).compactMap { number in
            let name = "card\(number)"
            guard let about = try? sys.attribute("class/drm/\(name)/device/uevent") else {
                return nil
            }
            return DRMCard(name: name, about: about.span)
        }
    }

    /// `about` is the device's uevent; nil without a driver.
    init?(name: String, about: Span<UInt8>) {
        self.name = name
        var (driver, pciID) = ("", "")
        var lines = Cursor(about)
        while var line = lines.line() {
            if line.take("DRIVER=") {
                driver = line.rest.trimmed.string
            } else if line.take("PCI_ID=") {
                pciID = line.rest.trimmed.string
            }
        }
        if driver.isEmpty { return nil }
        self.driver = driver
        self.pciID = pciID
    }
}
