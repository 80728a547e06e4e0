internal import ArgumentParser

/// What the daemon tells about its work, and how.
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
            errors.add("--log.level: \"\(self.level)\" is none of debug, info, warn, error.")
        }
        let format = LogSettings.Format(rawValue: format)
        if format == nil {
            errors.add("--log.format: \"\(self.format)\" is none of logfmt, json.")
        }
        return LogSettings(level: level ?? .info, format: format ?? .logfmt)
    }
}

/// Checked settings of the log.
package struct LogSettings: Sendable, Equatable {
    package enum Level: String, Sendable { case debug, info, warn, error }
    package enum Format: String, Sendable { case logfmt, json }
    package let level: Level
    package let format: Format
}
