internal import Exposition
internal import Kernel

/// Frequencies and governors of CPUs from cpufreq
/// (Documentation/admin-guide/pm/cpufreq.rst).
struct CPUFreq: Collector, ~Copyable {
    static var name: String { "cpufreq" }

    private static let rows = [
        row(
            "cpuinfo_cur_freq", as: "frequency_hertz",
            help: "Current CPU thread frequency in hertz."),
        row(
            "cpuinfo_avg_freq", as: "frequency_avg_hertz",
            help: "Average CPU thread frequency in hertz."),
        row(
            "cpuinfo_min_freq", as: "frequency_min_hertz",
            help: "Minimum CPU thread frequency in hertz."),
        row(
            "cpuinfo_max_freq", as: "frequency_max_hertz",
            help: "Maximum CPU thread frequency in hertz."),
        row(
            "scaling_cur_freq", as: "scaling_frequency_hertz",
            help: "Current scaled CPU thread frequency in hertz."),
        row(
            "scaling_min_freq", as: "scaling_frequency_min_hertz",
            help: "Minimum scaled CPU thread frequency in hertz."),
        row(
            "scaling_max_freq", as: "scaling_frequency_max_hertz",
            help: "Maximum scaled CPU thread frequency in hertz."),
    ]

    /// The kernel shows kilohertz.
    private static func row(_ file: String, as name: String, help: String) -> AttributeRow {
        AttributeRow(file, family: "node_cpu_\(name)", help: help, scale: .times(1000))
    }

    /// Which governor a CPU has, and which it could have.
    private final class Governor {
        let current: Attribute
        let names: [(name: [UInt8], series: Series)]

        init(_ current: Attribute, names: [(name: [UInt8], series: Series)]) {
            self.current = current
            self.names = names
        }
    }

    private var directory: DeviceDirectory
    private let showsCurrent: Bool
    private var frequencies = AttributeFamilies()
    private var governors: [Governor] = []
    private let governorFamily = Family(
        "node_cpu_scaling_governor", kind: .gauge, help: "Current enabled CPU frequency governor.")

    /// `showsCurrent` is false if the collector cpu writes the current frequencies, with more
    /// labels.
    init(_ machine: CollectorResources, showsCurrent: Bool) {
        directory = DeviceDirectory(machine, path: "devices/system/cpu")
        self.showsCurrent = showsCurrent
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        if let names = try directory.look(&scrape) {
            do throws(KernelError) {
                try find(names)
            } catch {
                directory.lookSoon()
                throw error
            }
        }
        if frequencies.write(&scrape, to: &page) { directory.lookSoon() }
        writeGovernors(&scrape, to: &page)
    }

    private mutating func find(_ names: [String]) throws(KernelError) {
        let root = directory.root
        let offline = try root.attribute("\(directory.path)/offline", limit: 64 << 10)
        let asleep = Set(CPUTopology.numbers(offline.span))
        let numbers = names.compactMap { $0.number(behind: "cpu") }.sorted()
        frequencies.begin()
        governors = []
        for number in numbers where !asleep.contains(number) {
            let folder = "\(directory.path)/cpu\(number)/cpufreq"
            guard let files = try? root.names(in: folder) else { continue }
            let there = Set(files)
            let labels = [("cpu", String(number))]
            frequencies.add(
                CPUFreq.rows.filter {
                    there.contains($0.file) && (showsCurrent || $0.file != "cpuinfo_cur_freq")
                }, in: folder, of: root, labels: labels)
            findGovernors(root, folder: folder, labels: labels)
        }
        frequencies.end()
    }

    private mutating func findGovernors(
        _ root: Root, folder: String, labels: [(name: String, value: String)]
    ) {
        guard let list = try? root.attribute("\(folder)/scaling_available_governors") else {
            return
        }
        var names: [(name: [UInt8], series: Series)] = []
        var words = Cursor(list.span)
        while let word = words.word() {
            let labels = LabelSet(labels + [("governor", word.string)])
            names.append((word.copied, Series(governorFamily, labels: labels)))
        }
        if names.isEmpty { return }
        governors.append(
            Governor(Attribute(root, name: "\(folder)/scaling_governor"), names: names))
    }

    private mutating func writeGovernors(_ scrape: inout CollectionContext, to page: inout Page) {
        var hasBegun = false
        for governor in governors {
            guard governor.current.read(&scrape) else {
                if governor.current.isGone { directory.lookSoon() }
                continue
            }
            let current = scrape.text.bytes.trimmed
            if current.isEmpty { continue }
            if !hasBegun {
                page.begin(governorFamily)
                hasBegun = true
            }
            for (name, series) in governor.names {
                page.sample(series, value: current.equals(name) ? 1 : 0)
            }
        }
    }
}
