extension Catalog {
    static let textFiles: [Entry] = [
        Entry(
            TextFiles.self, invitesGuests: true, summary: "Metrics that others leave in files."
        ) { _, settings in
            TextFiles(settings.textFiles.directories, seriesLimit: settings.seriesLimit)
        }
    ]
}
