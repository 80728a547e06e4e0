internal import Exposition
internal import Kernel
internal import Logging
internal import Settings

/// The settings file of a running daemon: read again when somebody asks, and taken over only when
/// nothing is wrong with it.
final class SettingsFile: Sendable {
    private struct State {
        var settings: PushSettings
        var wasLastGood = true
        /// Unix seconds.
        var lastGood: Double
    }

    let path: String
    private let flags: PushFlags
    private let pushed: PushState
    private let log: Logger
    private let state: LockedValue<State>
    /// One reads at a time, so that the last to come is the last to be taken over.
    private let turn = LockedValue(())

    /// `settings` are those that the file gave at the start.
    init(
        _ path: String, _ flags: PushFlags, _ settings: PushSettings, _ pushed: PushState,
        _ log: Logger
    ) {
        self.path = path
        self.flags = flags
        self.pushed = pushed
        self.log = log
        state = LockedValue(
            State(settings: settings, lastGood: Double(Clock.realNanoseconds) / 1e9))
    }

    /// Reads the file and waits for the disk. Returns what is wrong with it, a sentence each; then
    /// everything stays as it was.
    func reload() -> [String] {
        turn.withLock { _ in
            var mistakes = ValidationErrors()
            guard let file = FileSettings.load(path, PushSettings.vocabulary, &mistakes) else {
                for sentence in mistakes.sentences {
                    log.error(
                        "settings not taken over", metadata: ["err": "\(sentence)"])
                }
                state.withLock { $0.wasLastGood = false }
                return mistakes.sentences
            }
            let new = PushSettings(flags, file)
            let old = state.withLock { state in
                let old = state.settings
                state.settings = new
                state.wasLastGood = true
                state.lastGood = Double(Clock.realNanoseconds) / 1e9
                return old
            }
            pushed.change(from: old, to: new, log)
            log.info("settings taken over", metadata: ["file": "\(path)"])
            return []
        }
    }

    // MARK: Metrics

    private static let wasLastGood = UnlabelledMetric(
        "ml_exporter_config_last_reload_successful", .gauge,
        help: "Whether the settings file was right when it was read last.")
    private static let lastGood = UnlabelledMetric(
        "ml_exporter_config_last_reload_success_timestamp_seconds", .gauge,
        help: "Unix time when settings were last taken over from the file.")

    func write(to page: inout Page) {
        let (wasLastGood, lastGood) = state.withLock { ($0.wasLastGood, $0.lastGood) }
        page.single(SettingsFile.wasLastGood, wasLastGood ? 1 : 0)
        page.single(SettingsFile.lastGood, lastGood)
    }
}
