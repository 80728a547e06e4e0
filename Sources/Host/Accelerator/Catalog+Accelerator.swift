extension Catalog {
    static let accelerator: [Entry] = [
        Entry(Accelerator.self, summary: "GPUs of NVIDIA, AMD and Intel.") { machine, settings in
            Accelerator(machine, settings: settings.accelerator)
        },
        Entry(DRM.self, runsByDefault: false, summary: "AMD GPUs as node_exporter shows them.") {
            machine, _ in DRM(machine.roots)
        },
    ]
}
