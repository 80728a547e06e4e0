internal import ArgumentParser
internal import Glibc
internal import Kernel
internal import Profiles
internal import Settings

/// `ml_exporter profile`: makes a profile of training data, checks a file against one, or shows one.
enum ProfileCommand {
    case build(ProfileBuild)
    case check(ProfileCheckRun)
    case show(path: String)

    static let help = """
        Usage: ml_exporter profile build --input FILE --model M --version V -o P.json [flags]
               ml_exporter profile check P.json --input FILE [flags]
               ml_exporter profile show P.json

        build reads rows of training data and writes a reference profile: bins, means and categories, but
        no rows. check compares a file of rows with a profile. show prints what a profile contains.

        build and check:
          --input <file>           CSV with a header, or JSON lines; - for standard input.
          --format <csv|jsonl>     (default: jsonl for names that end with .jsonl or .ndjson, else csv)
          --temp-dir <folder>      Folder of temporary files, which have no name. (default: /var/tmp)

        build:
          --model <m>, --version <v>  Model and version of the profile; version * is the default of all versions.
          -o, --output <file>      The profile; - for standard output.
          --target <column>        The true outcome.
          --prediction <column>    The output of the model.
          --score <column>         The probability or score that the model returned.
          --positive-class <class> The class whose probability is the score.
          --group <c,c>            Columns that divide the rows into groups.
          --ignore <c,c>           Columns that are not profiled; only their names are kept.
          --categorical <c,c>      Columns whose values are categories even if they are numbers.
          --numeric <c,c>          Columns whose values must be numbers.
          --bins <n>               Quantile bins, a divisor of 240 from 2 to 30. (default: 10)
          --max-categories <n>     Categories that are kept by name, 1 to 50. (default: 50)
          --max-memory <bytes>     Values in memory, at least 1MiB; beyond, columns go to temporary files
                                   and the result is the same. (default: 256MiB)

        check:
          --json                   Answer in JSON.
          --fail-on <drift,quality>  Findings that cause exit status 1. (default: drift,quality)

        Exit status of check: 0 nothing found, 1 found, 2 wrong usage or unreadable input. build and show:
        0 done, 1 the output cannot be written, 2 wrong usage or unreadable input.
        """

    /// `arguments` are those after the word `profile`.
    static func command(_ arguments: [String], errors: ValidationErrors) -> Command {
        var errors = errors
        if arguments.contains("--help") || arguments.contains("-h") || arguments.first == "help" {
            return .print(help, toError: false, exitCode: 0)
        }
        let rest = Array(arguments.dropFirst())
        do throws(ArgumentFailure) {
            let command: ProfileCommand?
            switch arguments.first {
            case "build": command = try ProfileBuild(rest, errors: &errors).map { .build($0) }
            case "check": command = try ProfileCheckRun(rest, errors: &errors).map { .check($0) }
            case "show":
                command = rest.count == 1 ? .show(path: rest[0]) : nil
                if command == nil { errors.add("profile show: expected one profile.") }
            default:
                command = nil
                errors.add("profile: expected build, check or show, try profile --help.")
            }
            if errors.isEmpty, let command { return .profile(command) }
        } catch {
            errors.add("\(error.sentence), try profile --help.")
        }
        return Command.failure(errors)
    }

    /// Returns the exit status.
    func run() -> Int32 {
        do throws(InputError) {
            switch self {
            case .build(let build): return try build.run()
            case .check(let check): return try check.run()
            case .show(let path):
                Log.write(ProfileText.text(try ProfileCommand.read(path)) + "\n", to: STDOUT_FILENO)
                return 0
            }
        } catch {
            Log.write("ml_exporter: \(error)\n", to: STDERR_FILENO)
            return 2
        }
    }

    /// Reads a profile's file.
    static func read(_ path: String) throws(InputError) -> Profile {
        var text = Buffer(capacity: 1 << 16)
        do throws(KernelError) {
            // One byte more than the limit, so that a larger file is reported as such.
            var file = KernelFile(path: path, limit: ProfileLimits.profileBytes + 1)
            try file.read(into: &text)
        } catch {
            throw .system(error)
        }
        do throws(TextError) {
            return try Profile(text.bytes, file: path)
        } catch {
            throw .text(error)
        }
    }
}

/// What the parser of arguments has against them.
struct ArgumentFailure: Error {
    let sentence: String
}

/// The flags that name the rows.
struct InputArguments: ParsableArguments {
    @Option(name: .customLong("input"))
    var input: String

    @Option(name: .customLong("format"))
    var format: String?

    @Option(name: .customLong("temp-dir"))
    var temporaryFolder = "/var/tmp"

    /// The format of the rows: from the flag, else from the file name's extension.
    func rowFormat(errors: inout ValidationErrors) -> RowReader.Format {
        guard let format else {
            return input.hasSuffix(".jsonl") || input.hasSuffix(".ndjson") ? .jsonl : .csv
        }
        if let known = RowReader.Format(rawValue: format) { return known }
        errors.add("--format=\(format): expected csv or jsonl.")
        return .csv
    }
}
