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

    func settings(_ errors: inout ValidationErrors) -> AcceleratorSettings {
        AcceleratorSettings(
            showsDCGMNames: dcgmNames,
            managementLibrary: managementLibrary == "none" ? nil : managementLibrary)
    }
}

struct AcceleratorSettings: Sendable {
    let showsDCGMNames: Bool
    /// As dlopen(3) takes it.
    let managementLibrary: String?
}
