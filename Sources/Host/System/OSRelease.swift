internal import Exposition
internal import Glibc
internal import Kernel
internal import Wire

/// What the distribution calls itself: /etc/os-release, else /usr/lib/os-release (os-release(5)),
/// links followed below --path.rootfs. The file is read again when it has changed.
struct OSRelease: Collector, ~Copyable {
    static var name: String { "os" }

    private static let byteLimit = 64 << 10

    private let rootfs: Root
    private var key: FileStamp?
    private var release: Release?
    private let info = Family(
        "node_os_info", kind: .gauge,
        help:
            "A metric with a constant '1' value labeled by build_id, id, id_like, image_id, image_version, name, pretty_name, variant, variant_id, version, version_codename, version_id."
    )
    private let version = Family(
        "node_os_version", kind: .gauge,
        help: "Metric containing the major.minor part of the OS version.")
    private let supportEnd = UnlabelledMetric(
        "node_os_support_end_timestamp_seconds", kind: .gauge,
        help: "Metric containing the end-of-life date timestamp of the OS.")

    private struct Release {
        let info: Series
        let version: (series: Series, number: Double)?
        let supportEnd: Double?
        let skippedLines: Int
    }

    init(_ roots: FilesystemRoots) {
        rootfs = roots.rootfs
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        let path = rootfs.pathInside("etc/os-release")
        let fallback = rootfs.pathInside("usr/lib/os-release")
        let found = FileStamp(path) ?? FileStamp(fallback)
        if found == nil || found != key {
            key = nil
            try read(path, fallback: fallback, &scrape)
            if let found, found.isSettled { key = found }
        }
        guard let release else { return }
        scrape.skippedLines += release.skippedLines
        page.begin(info)
        page.sample(release.info, value: 1)
        if let version = release.version {
            page.begin(self.version)
            page.sample(version.series, value: version.number)
        }
        if let time = release.supportEnd { page.single(supportEnd, value: time) }
    }

    private mutating func read(
        _ path: String, fallback: String, _ scrape: inout CollectionContext
    ) throws(KernelError) {
        var file = KernelFile(path: path, limit: OSRelease.byteLimit)
        var fallback = KernelFile(path: fallback, limit: OSRelease.byteLimit)
        do throws(KernelError) {
            try scrape.read(&file)
        } catch {
            guard error.isAbsence else { throw error }
            try scrape.read(subject: &fallback)
        }
        let (fields, skipped) = OSRelease.parse(scrape.text.bytes)
        func labels(_ names: [String]) -> LabelSet {
            LabelSet(names.map { ($0, fields[$0.uppercased()] ?? "") })
        }
        let number = OSRelease.number(fields["VERSION_ID"] ?? "")
        let date = fields["SUPPORT_END"].map { OSRelease.seconds(ofDate: $0) }
        release = Release(
            info: Series(
                info,
                labels: labels([
                    "build_id", "id", "id_like", "image_id", "image_version", "name",
                    "pretty_name", "variant", "variant_id", "version", "version_codename",
                    "version_id",
                ])),
            version: number.map {
                (Series(version, labels: labels(["id", "id_like", "name"])), $0)
            },
            supportEnd: date ?? nil,
            // An invalid date counts like an invalid line.
            skippedLines: skipped + (date == .some(nil) ? 1 : 0))
    }

    /// Parses lines of the form `NAME="value"`; empty lines and comments are skipped. `skipped` is
    /// the number of invalid lines, at least 1 if no line is valid.
    static func parse(_ text: Span<UInt8>) -> (fields: [String: String], skipped: Int) {
        var fields: [String: String] = [:]
        var skipped = 0
        var lines = Cursor(text)
        while let line = lines.line() {
            var pair = Cursor(line.rest.trimmed)
            if pair.isAtEnd || pair.peek == 0x23 { continue }
            guard let name = pair.text(before: 0x3D), name.isMetricName,
                let value = value(pair.rest)
            else {
                skipped += 1
                continue
            }
            fields[name.string] = value.span.string
        }
        return (fields, fields.isEmpty ? max(skipped, 1) : skipped)
    }

    /// The value as a shell would read it, quoted or not; nil if the quotes do not match.
    private static func value(_ text: Span<UInt8>) -> [UInt8]? {
        guard let quote = Cursor(text).peek, quote == 0x22 || quote == 0x27 else {
            return text.copied
        }
        var value: [UInt8] = []
        var index = 1
        while index < text.count, text[index] != quote {
            if text[index] == 0x5C, quote == 0x22, index + 1 < text.count { index += 1 }
            value.append(text[index])
            index += 1
        }
        return index == text.count - 1 ? value : nil
    }

    /// The leading `major.minor` of a version; nil if it is missing or not above 0.
    static func number(_ version: String) -> Double? {
        let parts = version.split(
            separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard let first = parts.first else { return nil }
        func digits(_ text: Substring) -> Substring {
            text.prefix { $0.isASCII && $0.isWholeNumber }
        }
        let major = digits(first)
        if major.isEmpty { return nil }
        let minor = major.count == first.count && parts.count > 1 ? digits(parts[1]) : ""
        guard let number = Double("\(major).\(minor.isEmpty ? "0" : minor)"), number > 0 else {
            return nil
        }
        return number
    }

    /// The first second, in UTC, of a date such as 2028-06-30; nil if the text is not a date.
    static func seconds(ofDate text: String) -> Double? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2] else { return nil }
        let numbers = parts.compactMap { $0.utf8.span.unsigned.map { Int32($0) } }
        guard numbers.count == 3 else { return nil }
        var date = unsafe tm()
        unsafe date.tm_year = numbers[0] - 1900
        unsafe date.tm_mon = numbers[1] - 1
        unsafe date.tm_mday = numbers[2]
        let seconds = unsafe timegm(&date)
        // The 31st of June would be the 1st of July.
        guard unsafe date.tm_mon == numbers[1] - 1, unsafe date.tm_mday == numbers[2] else {
            return nil
        }
        return Double(seconds)
    }
}
