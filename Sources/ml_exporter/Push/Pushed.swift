internal import Groups
internal import Intake
internal import Logging
internal import Model
internal import Series

/// What has been pushed: Pushgateway's groups, and what is known of models.
struct Pushed: Sendable {
    /// Their names for `collect[]` and `exclude[]`.
    static let names: Set<String> = ["groups", "models"]

    let groups: GroupStore
    let models: Models
    let events: EventDoor
    let requests = PushRequests()
    /// How often producers may push.
    let rate: RateLimiter

    init(_ settings: PushSettings, nativeHistograms: Bool) {
        groups = GroupStore(settings.groups)
        rate = RateLimiter(perSecond: settings.producerRate, burst: settings.producerBurst)
        models = Models(
            settings.series, settings.models, nativeHistograms: nativeHistograms)
        events = EventDoor(sink: models, producers: Producers())
    }

    /// Takes over what may change while the daemon runs, and tells what may not.
    func change(from old: PushSettings, to new: PushSettings, _ log: Logger) {
        groups.setLimits(new.groups)
        rate.change(perSecond: new.producerRate, burst: new.producerBurst)
        if old.models != new.models {
            for reset in models.change(new.models) {
                log.info(
                    "other bounds: the histogram begins anew",
                    metadata: [
                        "model": "\(reset.model)", "version": "\(reset.version)",
                        "family": "\(reset.family)",
                    ])
            }
        }
        if old.series != new.series {
            log.warning("the limits of pushed series change with the next start only")
        }
    }
}
