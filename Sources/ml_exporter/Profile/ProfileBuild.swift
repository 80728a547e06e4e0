internal import ArgumentParser
internal import Glibc
internal import Kernel
internal import Profiles
internal import Settings

/// `profile build`.
struct ProfileBuild {
    private struct Arguments: ParsableArguments {
        @OptionGroup var rows: InputArguments
        @Option var model: String
        @Option var version: String
        @Option(name: [.customShort("o"), .customLong("output")]) var output: String
        @Option var target: String?
        @Option var prediction: String?
        @Option var score: String?
        @Option(name: .customLong("positive-class")) var positiveClass: String?
        @Option var group: [String] = []
        @Option var ignore: [String] = []
        @Option var categorical: [String] = []
        @Option var numeric: [String] = []
        @Option var bins = 10
        @Option(name: .customLong("max-categories")) var maximumCategories = 50
        @Option(name: .customLong("max-memory")) var memory = ByteText(bytes: 256 << 20)
    }

    private static let leastMemory = 1 << 20

    private let input: String
    private let format: RowReader.Format
    private let output: String
    private let options: BuildOptions

    /// Nil when there are errors.
    init?(_ arguments: [String], errors: inout ValidationErrors) throws(ArgumentFailure) {
        let parsed: Arguments
        do {
            parsed = try Arguments.parse(arguments)
        } catch {
            throw ArgumentFailure(sentence: Arguments.message(for: error))
        }
        input = parsed.rows.input
        output = parsed.output
        format = parsed.rows.rowFormat(errors: &errors)
        var options = BuildOptions(model: parsed.model, modelVersion: parsed.version)
        options.target = parsed.target
        options.prediction = parsed.prediction
        options.score = parsed.score
        options.positiveClass = parsed.positiveClass
        options.groups = ProfileBuild.list(parsed.group)
        options.ignored = ProfileBuild.list(parsed.ignore)
        options.categorical = ProfileBuild.list(parsed.categorical)
        options.numeric = ProfileBuild.list(parsed.numeric)
        options.bins = parsed.bins
        options.maximumCategories = parsed.maximumCategories
        options.memoryLimit = parsed.memory.bytes
        options.temporaryFolder = parsed.rows.temporaryFolder
        self.options = options
        if parsed.model.isEmpty { errors.add("--model: must not be empty.") }
        if parsed.version.isEmpty { errors.add("--version: must not be empty.") }
        if !BuildOptions.isPossible(bins: parsed.bins) {
            errors.add("--bins=\(parsed.bins): expected a divisor of 240 from 2 to 30.")
        }
        if !(1...ProfileLimits.categories).contains(parsed.maximumCategories) {
            errors.add(
                "--max-categories=\(parsed.maximumCategories): expected 1 to \(ProfileLimits.categories)."
            )
        }
        if parsed.memory.bytes < ProfileBuild.leastMemory {
            errors.add("--max-memory: expected at least 1MiB.")
        }
        for column in options.categorical where options.numeric.contains(column) {
            errors.add("column \(column) cannot be both --categorical and --numeric.")
        }
        if !errors.isEmpty { return nil }
    }

    private static func list(_ values: [String]) -> [String] {
        values.flatMap { $0.split(separator: ",").map(String.init) }
    }

    func run() throws(InputError) -> Int32 {
        let file = try InputFile(input, temporaryFolder: options.temporaryFolder)
        let progress = Progress(file)
        let (profile, messages) = try ProfileBuilder.build(file, format: format, options: options)
        progress.end()
        for message in messages { Log.write("ml_exporter: \(message)\n", to: STDERR_FILENO) }
        do throws(KernelError) {
            try write(profile.fileText)
        } catch {
            Log.write("ml_exporter: \(error)\n", to: STDERR_FILENO)
            return 1
        }
        if output != "-" {
            Log.write(
                "\(output): profile \(profile.id), \(Amounts.count(profile.rows)) rows,"
                    + " \(AmountText.count(profile.columns.count, noun: "column"))\n",
                to: STDERR_FILENO)
        }
        return 0
    }

    /// Writes a file beside the output and renames it, so that a reader finds the old one or the new one.
    private func write(_ text: [UInt8]) throws(KernelError) {
        if output == "-" { return try ProfileBuild.write(text, to: STDOUT_FILENO, output) }
        let temporary = "\(output).\(getpid()).tmp"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .last(output) }
        do throws(KernelError) {
            try ProfileBuild.write(text, to: descriptor, output)
            guard fsync(descriptor) == 0 else { throw .last(output) }
            guard unsafe rename(temporary, output) == 0 else { throw .last(output) }
            close(descriptor)
        } catch {
            close(descriptor)
            unsafe unlink(temporary)
            throw error
        }
    }

    private static func write(
        _ text: [UInt8], to descriptor: Int32, _ name: String
    ) throws(KernelError) {
        var start = 0
        while start < text.count {
            let written = unsafe text.withUnsafeBytes { all in
                unsafe Glibc.write(
                    descriptor, all.baseAddress.map { unsafe $0 + start }, text.count - start)
            }
            if written < 0 {
                if errno == EINTR { continue }
                throw .last(name)
            }
            start += written
        }
    }
}
