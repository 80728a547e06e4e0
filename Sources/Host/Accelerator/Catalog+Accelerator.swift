extension Catalog {
    static let accelerator: [Entry] = [
        Entry(Accelerator.self, "GPUs of NVIDIA, AMD and Intel.") { machine, settings in
            Accelerator(machine, settings.accelerator)
        },
        Entry(DRM.self, runsByDefault: false, "AMD GPUs as node_exporter shows them.") {
            machine, _ in DRM(machine.roots)
        },
    ]
}
