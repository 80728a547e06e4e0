/// What a file of a chip is about: `temp2_max` is the element `max` of the sensor `temp2`.
struct HwmonFileName: Hashable {
    private static let types: Set<String> = [
        "vrm", "beep_enable", "update_interval", "in", "cpu", "fan", "pwm", "temp", "curr",
        "power", "energy", "humidity", "intrusion", "freq",
    ]

    let type: String
    let number: Int

    /// `temp2`; what has no number has 0.
    var text: String { type + String(number) }

    func precedes(_ other: HwmonFileName) -> Bool {
        type == other.type ? number < other.number : type < other.type
    }

    /// Nil for a file that does not belong to a sensor.
    static func parse(_ file: String) -> (sensor: HwmonFileName, element: String)? {
        let bytes = Array(file.utf8)
        let letters = bytes.firstIndex(where: isDigit) ?? bytes.count
        let digits = bytes[letters...].firstIndex(where: { !isDigit($0) }) ?? bytes.count
        if letters > 0, digits == bytes.count {
            return make(bytes[..<letters], digits: bytes[letters..<digits], element: [])
        }
        if letters > 0, bytes[digits] == 0x5F, digits + 1 < bytes.count {
            return make(
                bytes[..<letters], digits: bytes[letters..<digits], element: bytes[(digits + 1)...])
        }
        // `in_voltage0x`: the digits belong to the element.
        guard let bar = bytes[..<letters].lastIndex(of: 0x5F), bar > 0, bar + 1 < bytes.count else {
            return nil
        }
        return make(bytes[..<bar], digits: [], element: bytes[(bar + 1)...])
    }

    private static func make(
        _ type: ArraySlice<UInt8>, digits: ArraySlice<UInt8>, element: ArraySlice<UInt8>
    ) -> (sensor: HwmonFileName, element: String)? {
        let type = String(decoding: type, as: UTF8.self)
        guard types.contains(type) else { return nil }
        let number = digits.isEmpty ? 0 : Int(String(decoding: digits, as: UTF8.self))
        guard let number else { return nil }
        return (HwmonFileName(type: type, number: number), String(decoding: element, as: UTF8.self))
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    /// Foreign text as part of a metric's name or a chip's: lower case, other signs as `_`, none
    /// of them at the ends.
    static func clean(_ text: String) -> String {
        let bytes = text.utf8.map { byte -> UInt8 in
            switch byte {
            case 0x61...0x7A, 0x30...0x3A, 0x5F: byte
            case 0x41...0x5A: byte | 0x20
            default: 0x5F
            }
        }
        guard let first = bytes.firstIndex(where: { $0 != 0x5F }),
            let last = bytes.lastIndex(where: { $0 != 0x5F })
        else { return "" }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }
}
