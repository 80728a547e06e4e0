internal import ArgumentParser

/// Flags of the journal.
package struct JournalOptions: ParsableArguments {
    @Option(
        name: .customLong("storage.path"),
        help: ArgumentHelp(
            "Directory where pushes are stored; none keeps them in memory only.",
            valueName: "path"))
    package var path = JournalOptions.standardPath

    @Option(
        name: .customLong("storage.snapshot-interval"),
        help: ArgumentHelp(
            "Interval between snapshots of all pushed state, which bound the time of a start.",
            valueName: "duration"))
    var snapshotInterval = "5m"

    package static let standardPath = "data/"
    /// Where the packages let the daemon store pushes.
    package static let packagedPath = "/var/lib/ml_exporter"

    package init() {}

    package func settings(_ errors: inout ValidationErrors) -> JournalSettings {
        if path.isEmpty { errors.add("--storage.path: must be a directory or none.") }
        var interval = Duration.seconds(300)
        if let text = DurationText(argument: snapshotInterval), text.duration >= .seconds(1) {
            interval = text.duration
        } else {
            errors.add(
                "--storage.snapshot-interval: '\(snapshotInterval)' must be a duration of at least 1s, such as 5m or 90s."
            )
        }
        return JournalSettings(path: path == "none" ? nil : path, snapshotInterval: interval)
    }
}

package struct JournalSettings: Sendable, Equatable {
    /// Directory of the journal; nil keeps pushes in memory only.
    package let path: String?
    package let snapshotInterval: Duration
}
