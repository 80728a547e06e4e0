internal import Exposition
internal import Kernel

/// Cards of the driver amdgpu, with the names and values of node_exporter's collector `drm`: a
/// value that a card does not report is 0, as in node_exporter.
struct DRM: Collector, ~Copyable {
    static var name: String { "drm" }

    private static var files: [(file: String, family: String, help: String)] {
        [
            ("gpu_busy_percent", "gpu_busy_percent", "How busy the GPU is as a percentage."),
            (
                "mem_info_gtt_total", "memory_gtt_size_bytes",
                "The size of the graphics translation table (GTT) block in bytes."
            ),
            (
                "mem_info_gtt_used", "memory_gtt_used_bytes",
                "The used amount of the graphics translation table (GTT) block in bytes."
            ),
            (
                "mem_info_vis_vram_total", "memory_vis_vram_size_bytes",
                "The size of visible VRAM in bytes."
            ),
            (
                "mem_info_vis_vram_used", "memory_vis_vram_used_bytes",
                "The used amount of visible VRAM in bytes."
            ),
            ("mem_info_vram_total", "memory_vram_size_bytes", "The size of VRAM in bytes."),
            ("mem_info_vram_used", "memory_vram_used_bytes", "The used amount of VRAM in bytes."),
        ]
    }

    private let sys: Root
    private let files = DRM.files.map(\.file)
    private var about: SeriesTable
    private var table: SeriesTable

    init(_ roots: FilesystemRoots) {
        sys = roots.sys
        about = SeriesTable([
            SeriesTable.Column(Family("node_drm_card_info", kind: .gauge, help: "Card information"))
        ])
        table = SeriesTable(
            DRM.files.map {
                SeriesTable.Column(Family("node_drm_\($0.family)", kind: .gauge, help: $0.help))
            })
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        about.begin()
        table.begin()
        for card in DRMCard.list(sys) where card.driver == "amdgpu" {
            show(card, scrape: &scrape)
        }
        about.end()
        table.end()
        scrape.isAbsent = table.rowCount == 0
        about.write(to: &page)
        table.write(to: &page)
    }

    private mutating func show(_ card: DRMCard, scrape: inout CollectionContext) {
        let sys = sys
        func text(_ file: String) -> [UInt8] {
            (try? sys.attribute("class/drm/\(card.name)/device/\(file)")) ?? []
        }
        let key = Array(card.name.utf8)
        let vendor = text("mem_info_vram_vendor")
        let level = text("power_dpm_force_performance_level")
        let identity = text("unique_id")
        let labels = [("card", card.name)]
        let whole = key + [0] + vendor + [0] + level + [0] + identity
        let row = about.row(
            whole.span,
            labels: {
                labels + [
                    ("memory_vendor", vendor.span.string),
                    ("power_performance_level", level.span.string),
                    ("unique_id", identity.span.string), ("vendor", "amd"),
                ]
            })
        if let row { about[row, 0] = 1 }
        guard let row = table.row(key.span, labels: { labels }) else { return }
        for (column, file) in files.enumerated() {
            let bytes = text(file)
            let value = bytes.span.signed.map { Double($0) }
            if value == nil, !bytes.isEmpty { scrape.skippedLines += 1 }
            table[row, column] = value ?? 0
        }
    }
}
