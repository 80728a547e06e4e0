internal import ArgumentParser
internal import Settings

/// Where others leave metrics in files.
struct TextFileOptions: ParsableArguments {
    @Option(
        name: .customLong("collector.textfile.directory"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Where files *.prom are read; may hold * and ?, and be said again.",
            valueName: "directory"))
    var directories: [String] = []

    func settings(_ errors: inout ValidationErrors) -> TextFileSettings {
        TextFileSettings(directories: directories.filter { !$0.isEmpty })
    }
}

struct TextFileSettings: Sendable {
    let directories: [String]
}
