internal import ArgumentParser

/// Flags of pushes.
package struct PushOptions: ParsableArguments {
    @Option(
        name: .customLong("push.listen-address"),
        help: ArgumentHelp(
            "Address to accept pushes on: host:port, :port or unix:/path; none disables pushes over TCP. Repeatable. (default: 127.0.0.1:10181)",
            valueName: "address"))
    var listenAddresses: [String] = []

    @Option(
        name: .customLong("push.socket"),
        help: ArgumentHelp(
            "Unix socket to accept pushes on; none disables it. (default: /run/ml_exporter/push.sock if /run/ml_exporter exists)",
            valueName: "path"))
    var socket: String?

    @Option(
        name: .customLong("push.socket-mode"),
        help: ArgumentHelp(
            "Permissions of the socket, in octal digits. (default: 0660)", valueName: "mode"))
    var socketMode: String?

    @Option(
        name: .customLong("push.socket-group"),
        help: ArgumentHelp(
            "Group of the socket: name or number. (default: group of the process)",
            valueName: "group"))
    var socketGroup: String?

    @Option(
        name: .customLong("push.allowed-host"),
        help: ArgumentHelp(
            "Accepted name in the Host header besides addresses and localhost; * accepts any. Repeatable.",
            valueName: "name"))
    var allowedHosts: [String] = []

    @Option(
        name: .customLong("push.producer-rate"),
        help: ArgumentHelp(
            "Limit of requests per second of one producer, with bursts of twice as many; 0 disables it. (default: 1000)",
            valueName: "count"))
    var producerRate: String?

    @Option(
        name: .customLong("push.group-ttl"),
        help: ArgumentHelp(
            "Lifetime of a pushed group after its last push; 0 is unlimited. (default: 0s)",
            valueName: "duration"))
    var groupTTL: String?

    @Option(
        name: .customLong("push.model-ttl"),
        help: ArgumentHelp(
            "Lifetime of a model version after its last push; 0 is unlimited. (default: 24h)",
            valueName: "duration"))
    var modelTTL: String?

    @Option(
        name: .customLong("push.max-series"),
        help: ArgumentHelp(
            "Limit of series created by pushed events. (default: 100000)", valueName: "count"))
    var maxSeries: String?

    @Option(
        name: .customLong("push.max-groups"),
        help: ArgumentHelp("Limit of pushed groups. (default: 10000)", valueName: "count"))
    var maxGroups: String?

    @Option(
        name: .customLong("push.max-group-series"),
        help: ArgumentHelp(
            "Limit of series of all pushed groups. (default: 100000)", valueName: "count"))
    var maxGroupSeries: String?

    @Option(
        name: .customLong("push.max-group-bytes"),
        help: ArgumentHelp(
            "Limit of bytes that all pushed groups take in memory and on pages. (default: 100663296, at most a quarter of the memory limit)",
            valueName: "bytes"))
    var maxGroupBytes: String?

    @Flag(
        name: .customLong("push.enable-reload"),
        help: "Enable POST /-/reload on the push listener, which reads --config.file again.")
    var enableReload = false

    @Option(
        name: .customLong("config.file"),
        help: ArgumentHelp(
            "YAML file with models, limits and lifetimes of pushes; read again on SIGHUP.",
            valueName: "file"))
    var configFile: String?

    package init() {}

    package func settings(_ errors: inout ValidationErrors) -> PushFlags {
        var flags = PushFlags()
        flags.listenAddresses = listenAddresses.isEmpty ? nil : listenAddresses
        flags.socket = socket
        flags.socketMode = mode(&errors)
        flags.socketGroup = socketGroup
        flags.allowedHosts = allowedHosts
        flags.producerRate = count("--push.producer-rate", text: producerRate, errors: &errors)
        flags.groupTTL = duration("--push.group-ttl", text: groupTTL, errors: &errors)
        flags.modelTTL = duration("--push.model-ttl", text: modelTTL, errors: &errors)
        flags.maxSeries = count("--push.max-series", text: maxSeries, errors: &errors)
        flags.maxGroups = count("--push.max-groups", text: maxGroups, errors: &errors)
        flags.maxGroupSeries = count(
            "--push.max-group-series", text: maxGroupSeries, errors: &errors)
        flags.maxGroupBytes = count(
            "--push.max-group-bytes", text: maxGroupBytes, errors: &errors, limit: 4_000_000_000)
        flags.configFile = configFile.flatMap { $0.isEmpty ? nil : $0 }
        flags.isReloadEnabled = enableReload
        if enableReload, flags.configFile == nil {
            errors.add("--push.enable-reload requires --config.file.")
        }
        return flags
    }

    private func duration(
        _ flag: String, text: String?, errors: inout ValidationErrors
    ) -> Duration? {
        guard let text else { return nil }
        if let duration = DurationText(argument: text) { return duration.duration }
        errors.add("\(flag): \"\(text)\" must be a duration such as 90s, 5m or 24h.")
        return nil
    }

    private func mode(_ errors: inout ValidationErrors) -> UInt32 {
        guard let socketMode else { return 0o660 }
        if let mode = UInt32(socketMode, radix: 8), mode <= 0o777 { return mode }
        errors.add(
            "--push.socket-mode: \"\(socketMode)\" must be a mode in octal digits, such as 0660.")
        return 0o660
    }

    private func count(
        _ flag: String, text: String?, errors: inout ValidationErrors, limit: Int = 10_000_000
    ) -> Int? {
        guard let text else { return nil }
        if let count = Int(text), (0...limit).contains(count) { return count }
        errors.add("\(flag): \"\(text)\" must be a number from 0 to \(limit).")
        return nil
    }
}

/// Validated flags of pushes; nil for flags that are not given.
package struct PushFlags: Sendable, Equatable {
    package var listenAddresses: [String]?
    /// Nil if not given, `none` to disable the socket.
    package var socket: String?
    package var socketMode: UInt32 = 0o660
    /// A name or a number.
    package var socketGroup: String?
    package var allowedHosts: [String] = []
    /// Requests per second; 0 for no limit.
    package var producerRate: Int?
    /// Zero is unlimited.
    package var groupTTL: Duration?
    package var modelTTL: Duration?
    package var maxSeries: Int?
    package var maxGroups: Int?
    package var maxGroupSeries: Int?
    package var maxGroupBytes: Int?
    package var configFile: String?
    package var isReloadEnabled = false
}
