internal import ArgumentParser
internal import HTTP
internal import Host
internal import Kernel
internal import Settings

/// The command line as it was written.
struct Options: ParsableArguments {
    @OptionGroup(title: "Telemetry") var web: WebOptions
    @OptionGroup(title: "Machine") var paths: PathOptions
    @OptionGroup(title: "Collectors") var host: HostOptions
    @OptionGroup(title: "Push") var push: PushOptions
    @OptionGroup(title: "Storage") var storage: JournalOptions
    @OptionGroup(title: "Log") var log: LogOptions

    @Flag(name: .customLong("version"), help: "Show the version.")
    var version = false

    // node_exporter's parser has a negative form of every flag.
    @Flag(name: [.customLong("no-version"), .customLong("no-help")], help: .hidden)
    var noVersion = false

    @Argument(parsing: .allUnrecognized, help: .hidden)
    var unrecognized: [String] = []
}

/// The command line, checked.
struct Configuration: Sendable {
    let web: WebSettings
    let addresses: [ListenAddress]
    let roots: FilesystemRoots
    let host: HostSettings
    let log: LogSettings
    let pushFlags: PushFlags
    /// Nil if no flag names one: then the default address is used unless it is in use.
    let pushAddresses: [ListenAddress]?
    let pushSocket: PushSocket?
    let push: PushSettings
    let storage: JournalSettings

    /// Every mistake of the command line ends up among the mistakes, one sentence each.
    init(_ options: Options, errors: inout ValidationErrors) {
        for argument in options.unrecognized {
            errors.add(Configuration.sentence(ofUnknown: argument))
        }
        web = options.web.settings(&errors)
        roots = options.paths.roots(&errors)
        host = options.host.settings(&errors)
        log = options.log.settings(&errors)
        addresses = Configuration.parse(
            web.listenAddresses, flag: "--web.listen-address", errors: &errors)
        pushFlags = options.push.settings(&errors)
        pushAddresses = pushFlags.listenAddresses.map { texts in
            texts == ["none"]
                ? [] : Configuration.parse(texts, flag: "--push.listen-address", errors: &errors)
        }
        pushSocket = PushSocket(pushFlags, errors: &errors)
        let file = pushFlags.configFile.flatMap {
            FileSettings.load($0, vocabulary: PushSettings.vocabulary, errors: &errors)
        }
        push = PushSettings(pushFlags, file: file ?? FileSettings(), errors: &errors)
        storage = options.storage.settings(&errors)
        for sentence in Configuration.conflicts(telemetry: addresses, push: pushAddresses ?? []) {
            errors.add(sentence)
        }
    }

    /// Names the flag or command that was probably meant.
    private static func sentence(ofUnknown argument: String) -> String {
        guard argument.hasPrefix("-") else {
            let meant = Spelling.nearest(to: argument, among: Command.names)
            return "unexpected '\(argument)'\(question(meant)), try --help."
        }
        let flag = argument.split(separator: "=", maxSplits: 1)[0]
        let meant = Spelling.nearest(to: String(flag), among: flags)
        return "unknown long flag '\(argument)'\(question(meant)), try --help."
    }

    private static func question(_ meant: String?) -> String {
        meant.map { ", did you mean \($0)?" } ?? ""
    }

    /// The flags that the help has, each in both forms.
    private static var flags: [String] {
        var flags: [String] = []
        for word in Options.helpMessage(columns: 1_000).split(whereSeparator: \.isWhitespace) {
            for form in word.split(separator: "/") where form.hasPrefix("--") && form.count > 2 {
                // The help shows the form that changes the default; the other is the likelier one.
                if form.hasPrefix("--no-") { flags.append("--" + form.dropFirst(5)) }
                flags.append(String(form))
            }
        }
        return flags
    }

    private static func parse(
        _ texts: [String], flag: String, errors: inout ValidationErrors
    ) -> [ListenAddress] {
        var addresses: [ListenAddress] = []
        for text in texts {
            do throws(ListenAddressError) {
                addresses.append(try ListenAddress.parse(text))
            } catch {
                errors.add("\(flag): \(error)")
            }
        }
        return addresses
    }
}
