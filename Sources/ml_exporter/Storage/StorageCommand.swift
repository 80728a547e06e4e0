internal import ArgumentParser
internal import Glibc
internal import Groups
internal import Intake
internal import Journal
internal import Kernel
internal import Model
internal import PushPipeline
internal import Settings
internal import Wire

/// `ml_exporter storage`: inspects, verifies or compacts stored state.
struct StorageCommand {
    enum Action: String {
        case inspect, verify, compact
    }

    /// The flags of the daemon, and one more.
    private struct Arguments: ParsableArguments {
        @OptionGroup var options: Options

        @Flag(name: .customLong("json"))
        var json = false
    }

    static let help = """
        Usage: ml_exporter storage inspect [flags]   show what is stored
               ml_exporter storage verify [flags]    check every byte, print one line per fault
               ml_exporter storage compact [flags]   rewrite the storage compactly

          --storage.path <path>  The folder. (default: data/)
          --json                 Answer in JSON.

        The daemon's flags are accepted as well; @file reads flags from a file, one per line.

        inspect and verify are read-only and may run beside a daemon; compact may not.
        Exit status: 0 success, 1 damaged storage or failed command, 2 wrong usage or no such folder.
        """

    let action: Action
    let path: String
    let isJSON: Bool
    /// The daemon's settings for pushes.
    let settings: PushSettings

    /// `arguments` are those after the word `storage`.
    static func command(_ arguments: [String], errors: ValidationErrors) -> Command {
        var errors = errors
        if arguments.contains("--help") || arguments.contains("-h") {
            return .print(help, toError: false, exitCode: 0)
        }
        guard let word = arguments.first, let action = Action(rawValue: word) else {
            errors.add("storage: inspect, verify or compact, try storage --help.")
            return Command.failure(errors)
        }
        do {
            let parsed = try Arguments.parse(Array(arguments.dropFirst()))
            let configuration = Configuration(parsed.options, errors: &errors)
            if configuration.storage.path == nil {
                errors.add("--storage.path=none stores nothing: specify a directory.")
            }
            guard errors.isEmpty, let path = configuration.storage.path else {
                return Command.failure(errors)
            }
            return .storage(
                StorageCommand(
                    action: action, path: path, isJSON: parsed.json, settings: configuration.push))
        } catch {
            errors.add("\(Arguments.message(for: error)), try storage --help.")
            return Command.failure(errors)
        }
    }

    /// Returns the exit status.
    func run() -> Int32 {
        var folder = stat()
        guard unsafe stat(path, &folder) == 0 else {
            let error = KernelError.last(path)
            return fail(error.description, status: error.isAbsence ? 2 : 1)
        }
        if folder.st_mode & S_IFMT != S_IFDIR {
            return fail("\(path) is not a directory", status: 2)
        }
        do throws(StorageError) {
            switch action {
            case .inspect:
                let (view, state) = try reader(isThorough: false).read()
                let inspection = StorageInspection(view, state: state)
                printLine(isJSON ? inspection.json : inspection.text)
                return 0
            case .verify:
                let (view, _) = try reader(isThorough: true).read()
                let verification = StorageVerification(view: view)
                printLine(isJSON ? verification.json : verification.text)
                return view.isSound ? 0 : 1
            case .compact:
                return try compact()
            }
        } catch {
            return fail(error.description, status: 1)
        }
    }

    // MARK: Compaction

    private func compact() throws(StorageError) -> Int32 {
        let (view, _) = try reader(isThorough: false).read()
        if view.isClaimed {
            return fail(
                "\(path) is in use by a daemon: stop it first; nothing was changed", status: 1)
        }
        if view.isEmpty {
            printLine(
                isJSON
                    ? "{\"path\":\(JSONText.quoted(path)),\"empty\":true}"
                    : "\(path): the storage is empty")
            return 0
        }
        if view.unknownSections > 0 {
            return fail(
                "a snapshot in \(path) has sections that this release does not know and would"
                    + " lose: see storage verify; nothing was changed", status: 1)
        }
        let journal = try Journal(path, state: state()) { note, sentence in
            if note == .error { Log.write("ml_exporter: \(sentence)\n", to: STDERR_FILENO) }
        }
        let done = try journal.compact()
        let before = StorageCommand.bytes(view.files)
        let after = StorageCommand.bytes(try StorageView.files(in: path))
        if isJSON {
            var json = JSONObject()
            json.add("path", value: path)
            json.add("bytes_before", value: before)
            json.add("bytes_after", value: after)
            json.add("records", value: Int64(clamping: done.records))
            if let name = done.keptAs { json.add("kept_as", value: name) }
            printLine(json.text)
            return 0
        }
        printLine(
            "\(path): \(AmountText.count(Int(clamping: done.records), noun: "record")) went into the snapshots;"
                + " \(AmountText.bytes(before)) before, \(AmountText.bytes(after)) after")
        if let name = done.keptAs {
            printLine("some records could not be used: their file was renamed to \(name)")
        }
        return 0
    }

    /// The size of the files that a daemon uses, without those that were set aside.
    private static func bytes(_ files: [StorageView.File]) -> Int64 {
        files.reduce(0) { $0 + ($1.name.contains(".set-aside-") ? 0 : $1.bytes) }
    }

    // MARK: Reading

    private func reader(isThorough: Bool) -> StorageReader<PersistedState> {
        StorageReader(
            path, isThorough: isThorough, makeState: { state() }, kind: PersistedState.kind)
    }

    /// A state without expiry that keeps native histograms whether or not the daemon
    /// shows them.
    private func state() -> PersistedState {
        PersistedState(
            groups: GroupStore(settings.groups),
            models: Models(
                settings.series, settings: settings.models, nativeHistograms: true,
                expiresItself: false),
            producers: ProducerTable(expiresItself: false))
    }

    // MARK: Output

    private func printLine(_ text: String) {
        Log.write(text + "\n", to: STDOUT_FILENO)
    }

    private func fail(_ sentence: String, status: Int32) -> Int32 {
        Log.write("ml_exporter: \(sentence)\n", to: STDERR_FILENO)
        return status
    }
}
