internal import ArgumentParser
internal import Glibc
internal import Kernel
internal import Profiles
internal import Settings

/// `profile check`.
struct ProfileCheckRun {
    private struct Arguments: ParsableArguments {
        @Argument var profile: String
        @OptionGroup var rows: InputArguments
        @Flag var json = false
        @Option(name: .customLong("fail-on")) var failOn = "drift,quality"
    }

    private let profile: String
    private let rows: InputArguments
    private let format: RowReader.Format
    private let isJSON: Bool
    private var failsOnDrift = false
    private var failsOnQuality = false

    /// Nil when there are errors.
    init?(_ arguments: [String], errors: inout ValidationErrors) throws(ArgumentFailure) {
        let parsed: Arguments
        do {
            parsed = try Arguments.parse(arguments)
        } catch {
            throw ArgumentFailure(sentence: Arguments.message(for: error))
        }
        profile = parsed.profile
        rows = parsed.rows
        isJSON = parsed.json
        format = parsed.rows.rowFormat(errors: &errors)
        for word in parsed.failOn.split(separator: ",") {
            switch word {
            case "drift": failsOnDrift = true
            case "quality": failsOnQuality = true
            default: errors.add("--fail-on=\(word): expected drift or quality.")
            }
        }
        if !errors.isEmpty { return nil }
    }

    func run() throws(InputError) -> Int32 {
        let profile = try ProfileCommand.read(profile)
        let file = try InputFile(
            rows.input, temporaryFolder: rows.temporaryFolder, isReadOnce: true)
        let progress = Progress(file)
        let report = try ProfileCheck.check(file, format: format, against: profile)
        progress.end()
        let isFound =
            (failsOnDrift && report.hasDrift) || (failsOnQuality && report.hasQualityFinding)
        Log.write(isJSON ? report.json : CheckText.text(report) + "\n", to: STDOUT_FILENO)
        return isFound ? 1 : 0
    }
}
