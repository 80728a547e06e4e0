internal import ArgumentParser
internal import Settings

/// What can be set about GPUs.
struct AcceleratorOptions: ParsableArguments {
    @Flag(
        name: .customLong("collector.gpu.dcgm-names"), inversion: .prefixedNo,
        help: "Also expose NVIDIA GPUs under the names of dcgm-exporter.")
    var dcgmNames = false
    @Option(
        name: .customLong("collector.gpu.dcgm-hostname-labels"),
        help: ArgumentHelp(
            "Labels with the machine's name under the names of dcgm-exporter: hostname, Hostname (as dcgm-exporter up to 4.5.3 writes it), or both.",
            valueName: "names"))
    var dcgmHostNameLabels = "hostname"
    @Option(
        name: .customLong("path.nvml"),
        help: ArgumentHelp(
            "NVIDIA's management library; `none` disables NVIDIA GPUs.", valueName: "file")
    )
    var managementLibrary = NVMLDevices.standardPath

    @Option(
        name: .customLong("collector.gpu.pod-resources"),
        help: ArgumentHelp(
            "kubelet's PodResources socket: labels NVIDIA GPUs by the pod that uses them; none for no labels.",
            valueName: "socket"))
    var podResources = "none"

    func settings(_ errors: inout ValidationErrors) -> AcceleratorSettings {
        let labels = dcgmHostNameLabels.split(separator: ",").map(String.init)
        if let unknown = labels.first(where: { !["hostname", "Hostname"].contains($0) }) {
            errors.add(
                "--collector.gpu.dcgm-hostname-labels: \"\(unknown)\" must be hostname or Hostname."
            )
        } else if Set(labels).count < labels.count {
            errors.add("--collector.gpu.dcgm-hostname-labels: a label is given twice.")
        }
        return AcceleratorSettings(
            showsDCGMNames: dcgmNames, dcgmHostNameLabels: labels,
            managementLibrary: managementLibrary == "none" ? nil : managementLibrary,
            podResources: podResources == "none" ? nil : podResources)
    }
}

struct AcceleratorSettings: Sendable {
    let showsDCGMNames: Bool
    /// The labels of those names that have the machine's name as their value; may be empty.
    let dcgmHostNameLabels: [String]
    /// As dlopen(3) takes it.
    let managementLibrary: String?
    /// The socket of kubelet.
    let podResources: String?
}
