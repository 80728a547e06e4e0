internal import Glibc
internal import Kernel

/// A file of sysfs that holds one short value. It stays open as long as descriptors last.
final class Attribute {
    /// How the text of an attribute means a number.
    enum Form {
        case unsigned, signed
        /// A sign, a prefix such as 0x, digits.
        case prefixed
        /// As `prefixed` without a sign; all bits set means that the device does not count.
        case countOrOnes
        case decimal
        /// As bcache abbreviates numbers.
        case abbreviated
        /// The same; 0 means no value.
        case abbreviatedAboveZero
        /// As bcachefs abbreviates numbers.
        case readable
        /// The same, in the line `since filesystem creation:`.
        case sinceCreation

        func number(_ text: Span<UInt8>) -> Double? {
            switch self {
            case .unsigned: text.unsigned.map { Double($0) }
            case .signed: text.signed.map { Double($0) }
            case .prefixed: text.prefixedInteger.map { Double($0) }
            case .countOrOnes: text.prefixedUnsigned.map { $0 == .max ? .nan : Double($0) }
            case .decimal: text.decimalNumber
            case .abbreviated: HumanReadableNumber.bcache(text)
            case .readable: HumanReadableNumber.bcachefs(text)
            case .sinceCreation: HumanReadableNumber.sinceCreation(text)
            case .abbreviatedAboveZero:
                HumanReadableNumber.bcache(text).flatMap { $0 == 0 ? nil : $0 }
            }
        }
    }

    /// The most bytes of a value: a page, which is what a driver may write.
    static let byteLimit = 4096

    private var file: KernelFile
    /// Why the file cannot be read, which does not change while the device is present.
    private(set) var refusal: KernelError?
    /// The last read found the device or the file gone.
    private(set) var isGone = false

    init(_ root: Root, name: String) {
        file = root.file(name, limit: Attribute.byteLimit, isOneRecord: true)
    }

    var path: String { file.path }

    /// Reads the value into `scrape.text`. False if there is no value: a file
    /// without read permission is ignored, a failed read counts as a skipped line.
    func read(_ scrape: inout CollectionContext) -> Bool {
        if refusal != nil { return false }
        do throws(KernelError) {
            try scrape.read(&file)
            isGone = false
            return true
        } catch {
            if error.isAbsence {
                isGone = true
            } else if error.isRefusal {
                refusal = error
            } else {
                scrape.skippedLines += 1
            }
            return false
        }
    }

    /// The value as a number; any other text counts as a skipped line, unless it `mayBeText`.
    func number(_ form: Form, mayBeText: Bool = false, scrape: inout CollectionContext) -> Double? {
        guard read(&scrape) else { return nil }
        if let number = form.number(scrape.text.bytes.trimmed) { return number }
        if !mayBeText { scrape.skippedLines += 1 }
        return nil
    }

    /// The value as an unsigned number.
    func unsigned(_ scrape: inout CollectionContext) -> UInt64? {
        guard read(&scrape) else { return nil }
        if let number = scrape.text.bytes.trimmed.unsigned { return number }
        scrape.skippedLines += 1
        return nil
    }
}

extension KernelError {
    /// We may not read it, or it cannot be read at all (a directory).
    var isRefusal: Bool { code == EACCES || code == EPERM || code == EISDIR }
}
