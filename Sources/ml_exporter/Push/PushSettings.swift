internal import Exposition
internal import Groups
internal import Model
internal import Series
internal import Settings
internal import Statistics
internal import Watch

/// What pushes may do, from the flags and the settings file; where both speak, the flag counts.
struct PushSettings: Sendable, Equatable {
    var groups = GroupLimits()
    var series = SeriesLimits()
    var models = ModelSettings()
    var watch = WatchSettings()
    var watchLimits = WatchLimits()
    /// Those of the settings file.
    var profiles: [Layout] = []
    /// Requests per second of one producer, 0 for any number, and how many at once.
    var producerRate = 1_000
    var producerBurst = 2_000

    /// What the settings file may name.
    static let vocabulary = FileSettings.AllowedNames(
        histograms: Set(BucketFamily.allCases.map(\.rawValue)), boundLimit: BucketBounds.limit)

    /// Reads the profiles that the file names, too; adds every error.
    init(_ flags: PushFlags, file: FileSettings, errors: inout ValidationErrors) {
        let limits = file.limits
        producerRate = flags.producerRate ?? file.push.producerRate ?? producerRate
        producerBurst =
            file.push.producerBurst ?? producerRate.multipliedReportingOverflow(by: 2).partialValue
        groups.groups = flags.maxGroups ?? limits.groups ?? groups.groups
        groups.series = flags.maxGroupSeries ?? limits.allGroupSeries ?? groups.series
        groups.bytes =
            flags.maxGroupBytes ?? limits.groupBytes ?? MemoryBudgets.ofMachine.groups
        groups.groupSeries = limits.groupSeries ?? groups.groupSeries
        groups.timeToLive = flags.groupTTL ?? file.push.groupTTL
        series.series = flags.maxSeries ?? limits.series ?? series.series
        series.seriesPerVersion = limits.seriesPerVersion ?? series.seriesPerVersion
        series.models = limits.models ?? series.models
        series.versionsPerModel = limits.versionsPerModel ?? series.versionsPerModel
        series.variantsPerVersion = limits.variantsPerVersion ?? series.variantsPerVersion
        series.reasons = limits.reasons ?? series.reasons
        series.features = limits.features ?? series.features
        models.timeToLive = flags.modelTTL ?? file.push.modelTTL ?? models.timeToLive
        models.rules = PushSettings.rules(file.defaults)
        models.models = file.models.mapValues(PushSettings.rules)
        watchLimits.profiles = limits.profiles ?? watchLimits.profiles
        watchLimits.bytes = limits.watchBytes ?? watchLimits.bytes
        watch.rules = PushSettings.rules(file.defaults.watch, over: watch.rules)
        let defaults = watch.rules
        watch.models = file.models.mapValues { PushSettings.rules($0.watch, over: defaults) }
        profiles = ProfileFiles.read(
            file.profiles, limit: watchLimits.profiles, errors: &errors)
    }

    private static func rules(
        _ file: FileSettings.Watch, over defaults: WatchSettings.Rules
    ) -> WatchSettings.Rules {
        var rules = defaults
        rules.window = file.window ?? rules.window
        rules.windowLimit = max(rules.window, file.windowLimit ?? rules.windowLimit)
        rules.drift.minimumRows = file.minimumRows ?? rules.drift.minimumRows
        rules.drift.threshold = file.threshold ?? rules.drift.threshold
        rules.drift.falseDiscoveryRate =
            file.falseDiscoveryRate ?? rules.drift.falseDiscoveryRate
        rules.drift.designEffect = file.designEffect ?? rules.drift.designEffect
        if let methods = file.methods {
            rules.methods = Set(methods.compactMap(WatchSettings.Method.init(rawValue:)))
        }
        rules.features = file.features ?? rules.features
        rules.keepsUnseenNames = file.keepsUnseenNames ?? rules.keepsUnseenNames
        return rules
    }

    private static func rules(_ file: FileSettings.Rules) -> ModelSettings.Rules {
        var rules = ModelSettings.Rules()
        for (name, bounds) in file.buckets {
            // Names and bounds have been checked when the file was read.
            if let family = BucketFamily(rawValue: name), let bounds = BucketBounds(bounds) {
                rules.buckets[family] = bounds
            }
        }
        rules.businessLabels = file.labels ?? []
        rules.retrainObservationThreshold = file.retrainAfterRows
        return rules
    }
}
