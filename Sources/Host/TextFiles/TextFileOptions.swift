internal import ArgumentParser
internal import Settings

/// Where other programs write metrics to files.
struct TextFileOptions: ParsableArguments {
    @Option(
        name: .customLong("collector.textfile.directory"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Directory of *.prom files to read; may contain * and ?; repeatable.",
            valueName: "directory"))
    var directories: [String] = []

    func settings(_ errors: inout ValidationErrors) -> TextFileSettings {
        TextFileSettings(directories: directories.filter { !$0.isEmpty })
    }
}

struct TextFileSettings: Sendable {
    let directories: [String]
}
