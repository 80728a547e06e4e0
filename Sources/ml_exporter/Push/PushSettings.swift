internal import Exposition
internal import Groups
internal import Model
internal import Series
internal import Settings

/// What pushes may do, from the flags and the settings file; where both speak, the flag counts.
struct PushSettings: Sendable, Equatable {
    var groups = GroupLimits()
    var series = SeriesLimits()
    var models = ModelSettings()
    /// Requests per second of one producer, 0 for any number, and how many at once.
    var producerRate = 1_000
    var producerBurst = 2_000

    /// What the settings file may name.
    static let vocabulary = FileSettings.AllowedNames(
        histograms: Set(BucketFamily.allCases.map(\.rawValue)), boundLimit: BucketBounds.limit)

    init(_ flags: PushFlags, file: FileSettings) {
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
