internal import Exposition
internal import Kernel
internal import Logging
internal import Settings

/// The settings file of a running daemon: read again on request, and applied only if it has no
/// errors.
final class SettingsFile: Sendable {
    private struct State {
        var settings: PushSettings
        var wasLastGood = true
        /// Unix seconds.
        var lastGood: Double
    }

    let path: String
    private let flags: PushFlags
    private let pushState: PushState
    private let log: Logger
    private let state: LockedValue<State>
    /// Serialises reloads, so that the latest request is the last to be applied.
    private let tryLock = LockedValue(())

    /// `settings` are those read from the file at the start.
    init(
        _ path: String, flags: PushFlags, settings: PushSettings, pushState: PushState,
        log: Logger
    ) {
        self.path = path
        self.flags = flags
        self.pushState = pushState
        self.log = log
        state = LockedValue(
            State(settings: settings, lastGood: Double(Clock.realNanoseconds) / 1e9))
    }

    /// Reads the file; blocks on the disk. Returns its errors, one sentence each; if there are any,
    /// the settings do not change.
    func reload() -> [String] {
        tryLock.withLock { _ in
            var errors = ValidationErrors()
            let file = FileSettings.load(
                path, vocabulary: PushSettings.vocabulary, errors: &errors)
            let read = file.map { PushSettings(flags, file: $0, errors: &errors) }
            guard let new = read, errors.sentences.isEmpty else {
                for sentence in errors.sentences {
                    log.error(
                        "settings rejected, previous settings stay active",
                        metadata: ["err": "\(sentence)"])
                }
                state.withLock { $0.wasLastGood = false }
                return errors.sentences
            }
            let old = state.withLock { state in
                let old = state.settings
                state.settings = new
                state.wasLastGood = true
                state.lastGood = Double(Clock.realNanoseconds) / 1e9
                return old
            }
            pushState.change(from: old, to: new, log: log)
            log.info("settings applied", metadata: ["file": "\(path)"])
            return []
        }
    }

    // MARK: Metrics

    private static let wasLastGood = UnlabelledMetric(
        "ml_exporter_config_last_reload_successful", kind: .gauge,
        help: "Whether the last reload of the settings file succeeded.")
    private static let lastGood = UnlabelledMetric(
        "ml_exporter_config_last_reload_success_timestamp_seconds", kind: .gauge,
        help: "Unix time of the last successful reload of the settings file.")

    func write(to page: inout Page) {
        let (wasLastGood, lastGood) = state.withLock { ($0.wasLastGood, $0.lastGood) }
        page.single(SettingsFile.wasLastGood, value: wasLastGood ? 1 : 0)
        page.single(SettingsFile.lastGood, value: lastGood)
    }
}
