internal import Exposition
internal import Kernel

/// Frequencies and governors of CPUs from cpufreq
/// (Documentation/admin-guide/pm/cpufreq.rst).
struct CPUFreq: Collector, ~Copyable {
    static var name: String { "cpufreq" }

    private static var files: [(file: String, name: String, help: String)] {
        [
            ("cpuinfo_cur_freq", "frequency_hertz", "Current CPU thread frequency in hertz."),
            ("cpuinfo_avg_freq", "frequency_avg_hertz", "Average CPU thread frequency in hertz."),
            ("cpuinfo_min_freq", "frequency_min_hertz", "Minimum CPU thread frequency in hertz."),
            ("cpuinfo_max_freq", "frequency_max_hertz", "Maximum CPU thread frequency in hertz."),
            (
                "scaling_cur_freq", "scaling_frequency_hertz",
                "Current scaled CPU thread frequency in hertz."
            ),
            (
                "scaling_min_freq", "scaling_frequency_min_hertz",
                "Minimum scaled CPU thread frequency in hertz."
            ),
            (
                "scaling_max_freq", "scaling_frequency_max_hertz",
                "Maximum scaled CPU thread frequency in hertz."
            ),
        ]
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
            for (file, name, help) in CPUFreq.files
            where there.contains(file) && (showsCurrent || file != "cpuinfo_cur_freq") {
                let full = "node_cpu_" + name
                frequencies.add(
                    root, file: "\(folder)/\(file)", to: full, labels: labels, form: .unsigned,
                    scale: .times(1000),
                    family: { Family(full, kind: .gauge, help: help) })
            }
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
