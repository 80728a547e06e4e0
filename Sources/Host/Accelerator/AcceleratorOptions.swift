internal import ArgumentParser
internal import Settings

/// What can be set about GPUs.
struct AcceleratorOptions: ParsableArguments {
    @Flag(
        name: .customLong("collector.gpu.dcgm-names"), inversion: .prefixedNo,
        help: "NVIDIA GPUs also under the names of dcgm-exporter.")
    var dcgmNames = false
    @Option(
        name: .customLong("path.nvml"),
        help: ArgumentHelp(
            "NVIDIA's management library; `none` leaves NVIDIA's devices alone.", valueName: "file")
    )
    var managementLibrary = NVMLDevices.standardPath

    @Option(
        name: .customLong("collector.gpu.pod-resources"),
        help: ArgumentHelp(
            "kubelet's PodResources socket: labels NVIDIA GPUs by the pod that holds them; none for no labels.",
            valueName: "socket"))
    var podResources = "none"

    func settings(_ errors: inout ValidationErrors) -> AcceleratorSettings {
        AcceleratorSettings(
            showsDCGMNames: dcgmNames,
            managementLibrary: managementLibrary == "none" ? nil : managementLibrary,
            podResources: podResources == "none" ? nil : podResources)
    }
}

struct AcceleratorSettings: Sendable {
    let showsDCGMNames: Bool
    /// As dlopen(3) takes it.
    let managementLibrary: String?
    /// The socket of kubelet.
    let podResources: String?
}
