extension Catalog {
    static let textFiles: [Entry] = [
        Entry(
            TextFiles.self, summary: "Metrics from *.prom files that other programs write."
        ) { _, settings in
            TextFiles(settings.textFiles.directories, seriesLimit: settings.seriesLimit)
        }
    ]
}
