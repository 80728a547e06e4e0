internal import ArgumentParser
internal import Glibc
internal import Kernel
internal import Settings

/// The command that the arguments select.
enum Command {
    case serve(Configuration)
    case checkConfiguration
    /// `check-config --limits`.
    case printLimits(Configuration)
    case healthCheck(Configuration)
    case storage(StorageCommand)
    case profile(ProfileCommand)
    /// Prints a text and exits: help, the version, errors.
    case print(String, toError: Bool, exitCode: Int32)

    static let summary = """
        Usage: ml_exporter [flags]               serve metrics
               ml_exporter check-config [flags]  check the flags and the settings file;
                                                 --limits prints the limits under them
               ml_exporter healthcheck [flags]   check whether a running daemon is ready
               ml_exporter storage --help        inspect, verify or compact the storage
               ml_exporter profile --help        build, show or check a profile of training data

        @file reads flags from a file, one per line.

        """

    /// `arguments` are those after the program's name.
    init(_ arguments: [String]) {
        var arguments = arguments
        var name = "serve"
        if let first = arguments.first, first == "check-config" || first == "healthcheck" {
            name = first
            arguments.removeFirst()
        }
        let printsLimits = name == "check-config" && arguments.contains("--limits")
        if printsLimits { arguments.removeAll { $0 == "--limits" } }
        var errors = ValidationErrors()
        if arguments.first == "storage" {
            arguments = Command.expand(Array(arguments.dropFirst()), errors: &errors)
            self = StorageCommand.command(arguments, errors: errors)
            return
        }
        if arguments.first == "profile" {
            self = ProfileCommand.command(Array(arguments.dropFirst()), errors: errors)
            return
        }
        arguments = Command.expand(arguments, errors: &errors)
        let options: Options
        do {
            options = try Options.parse(arguments)
        } catch {
            self = Command.reply(to: error, errors: errors)
            return
        }
        if options.version {
            self = .print(Version.text, toError: false, exitCode: 0)
            return
        }
        let configuration = Configuration(options, errors: &errors)
        if !errors.isEmpty {
            self = Command.failure(errors)
            return
        }
        switch name {
        case "check-config":
            self = printsLimits ? .printLimits(configuration) : .checkConfiguration
        case "healthcheck": self = .healthCheck(configuration)
        default: self = .serve(configuration)
        }
    }

    /// Prints the errors and exits with status 2.
    static func failure(_ errors: ValidationErrors) -> Command {
        let lines = errors.sentences.map { "ml_exporter: error: \($0)" }
        return .print(lines.joined(separator: "\n"), toError: true, exitCode: 2)
    }

    /// Requested help is printed to stdout; other errors of the parser are added to `errors`.
    private static func reply(to error: any Error, errors: ValidationErrors) -> Command {
        if Options.exitCode(for: error) == ExitCode.success {
            let flags = Options.fullMessage(for: error)
            let behindUsage = flags.split(separator: "\n\n", maxSplits: 1).last ?? ""
            return .print(summary + "\n" + behindUsage, toError: false, exitCode: 0)
        }
        var errors = errors
        errors.add("\(Options.message(for: error)), try --help.")
        return failure(errors)
    }

    /// Replaces `@file` by the lines of that file, without empty lines and those that begin with #.
    private static func expand(_ arguments: [String], errors: inout ValidationErrors)
        -> [String]
    {
        var expanded: [String] = []
        for argument in arguments {
            guard argument.hasPrefix("@"), argument.count > 1 else {
                expanded.append(argument)
                continue
            }
            do throws(KernelError) {
                var file = KernelFile(path: String(argument.dropFirst()))
                var text = Buffer(capacity: 4096)
                if try file.read(into: &text) {
                    errors.add("\(argument): the file is larger than \(file.limit) bytes.")
                    continue
                }
                var lines = Cursor(text.bytes)
                while let line = lines.line() {
                    let flag = line.rest.trimmed.string
                    if !flag.isEmpty, !flag.hasPrefix("#") { expanded.append(flag) }
                }
            } catch {
                errors.add("\(argument): \(error).")
            }
        }
        return expanded.withEmptyValuesApart
    }
}
