internal import ArgumentParser
internal import HTTPServer
internal import Host
internal import Kernel
internal import Settings

/// The command line as it was written.
struct Options: ParsableArguments {
    @OptionGroup(title: "Telemetry") var web: WebOptions
    @OptionGroup(title: "Machine") var paths: PathOptions
    @OptionGroup(title: "Collectors") var host: HostOptions
    @OptionGroup(title: "Log") var log: LogOptions

    @Flag(name: .customLong("version"), help: "Show the version.")
    var version = false

    @Argument(parsing: .allUnrecognized, help: .hidden)
    var unrecognized: [String] = []
}

/// The command line, checked.
struct Configuration: Sendable {
    let web: WebSettings
    let addresses: [ListenAddress]
    let roots: Roots
    let host: HostSettings
    let log: LogSettings

    /// Every mistake of the command line ends up among the mistakes, one sentence each.
    init(_ options: Options, _ mistakes: inout Mistakes) {
        for argument in options.unrecognized {
            mistakes.add(
                argument.hasPrefix("-")
                    ? "unknown long flag '\(argument)', try --help."
                    : "unexpected '\(argument)', try --help.")
        }
        web = options.web.settings(&mistakes)
        roots = options.paths.roots(&mistakes)
        host = options.host.settings(&mistakes)
        log = options.log.settings(&mistakes)
        var addresses: [ListenAddress] = []
        for text in web.listenAddresses {
            do throws(ListenAddressError) {
                addresses.append(try ListenAddress.parse(text))
            } catch {
                mistakes.add("--web.listen-address: \(error)")
            }
        }
        self.addresses = addresses
    }
}
