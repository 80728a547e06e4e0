internal import ArgumentParser

/// Where what has been pushed survives.
package struct JournalOptions: ParsableArguments {
    @Option(
        name: .customLong("storage.path"),
        help: ArgumentHelp(
            "Folder in which pushes survive the end of the daemon; none keeps them in memory only.",
            valueName: "path"))
    var path = "data/"

    @Option(
        name: .customLong("storage.snapshot-interval"),
        help: ArgumentHelp(
            "How often all that is known is written as a whole, so that a start reads little.",
            valueName: "duration"))
    var snapshotInterval = "5m"

    package init() {}

    package func settings(_ errors: inout ValidationErrors) -> JournalSettings {
        if path.isEmpty { errors.add("--storage.path: give a folder, or none.") }
        var interval = Duration.seconds(300)
        if let text = DurationText(argument: snapshotInterval), text.duration >= .seconds(1) {
            interval = text.duration
        } else {
            errors.add(
                "--storage.snapshot-interval: '\(snapshotInterval)' is not a duration of at least a second; write 5m or 90s."
            )
        }
        return JournalSettings(path: path == "none" ? nil : path, snapshotInterval: interval)
    }
}

package struct JournalSettings: Sendable, Equatable {
    /// Nil for memory only.
    package let path: String?
    package let snapshotInterval: Duration
}
