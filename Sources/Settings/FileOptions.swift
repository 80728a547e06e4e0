public import ArgumentParser

/// The file of settings that may change while the daemon runs.
public struct FileOptions: ParsableArguments {
    @Option(
        name: .customLong("config.file"),
        help: ArgumentHelp(
            "Models, limits and times of what is pushed, in YAML; read again on SIGHUP.",
            valueName: "file"))
    public var configFile = ""

    @Flag(
        name: .customLong("push.enable-reload"),
        help: "Let POST /-/reload on the push listener read --config.file again.")
    public var enableReload = false

    public init() {}
}
