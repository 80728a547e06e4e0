internal import ArgumentParser

/// Flags of the log.
package struct LogOptions: ParsableArguments {
    @Option(
        name: .customLong("log.level"),
        help: ArgumentHelp("debug, info, warn or error.", valueName: "level"))
    var level = "info"

    @Option(
        name: .customLong("log.format"),
        help: ArgumentHelp("logfmt or json.", valueName: "format"))
    var format = "logfmt"

    package init() {}

    package func settings(_ errors: inout ValidationErrors) -> LogSettings {
        let level = LogSettings.Level(rawValue: level)
        if level == nil {
            errors.add("--log.level: \"\(self.level)\" must be debug, info, warn or error.")
        }
        let format = LogSettings.Format(rawValue: format)
        if format == nil {
            errors.add("--log.format: \"\(self.format)\" must be logfmt or json.")
        }
        return LogSettings(level: level ?? .info, format: format ?? .logfmt)
    }
}

/// Validated settings of the log.
package struct LogSettings: Sendable, Equatable {
    package enum Level: String, Sendable { case debug, info, warn, error }
    package enum Format: String, Sendable { case logfmt, json }
    package let level: Level
    package let format: Format
}
