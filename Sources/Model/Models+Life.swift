internal import Kernel
internal import Series
internal import Synchronization
internal import Watch

/// Listing, retiring, expiry and changed settings.
extension Models {
    /// A version as `GET /v1/models` lists it.
    package struct VersionInfo: Sendable, Equatable {
        package let model: String
        /// Empty for a model that has only facts: training, business metrics, labels without a version.
        package let version: String
        /// Rows of input since the version was made.
        package let rows: UInt64
        /// In Unix seconds.
        package let lastPush: Double
    }

    /// The versions in the order in which they were made, then the models without one.
    package var list: [VersionInfo] {
        let now = Clock.monotonicNanoseconds
        let unixSeconds = Double(Clock.realNanoseconds) / 1e9
        func time(_ push: UInt64) -> Double {
            unixSeconds - Double(now > push ? now - push : 0) / 1e9
        }
        let (models, versions) = directory.withLock { ($0.models, $0.versions) }
        let shown = versions.filter(\.isShown)
        let listed = shown.map { version in
            VersionInfo(
                model: version.owner.name, version: version.version, rows: version.rows,
                lastPush: time(version.lastPush.load(ordering: .relaxed)))
        }
        let bare = models.filter { model in
            model.isShown && !versions.contains { $0.owner === model }
        }
        return listed
            + bare.map { model in
                VersionInfo(
                    model: model.name, version: "", rows: 0,
                    lastPush: time(model.lastPush.load(ordering: .relaxed)))
            }
    }

    /// Removes a version with all its variants. Its model stays if it has other versions or facts of
    /// its own (training, business metrics, labels without a version). Returns false if there is no
    /// such version. An empty version removes the model, as `retire(model:)` does: journals of
    /// earlier releases have it so.
    package func retire(model: String, version: String) -> Bool {
        if version.isEmpty { return retire(model: model) }
        let isKnown = directory.withLock { directory in
            let isKnown = directory.versions.contains {
                $0.owner.name == model && $0.version == version
            }
            directory.remove(
                versions: { $0.owner.name == model && $0.version == version },
                models: { $0.name == model && !$0.hasFacts })
            return isKnown
        }
        if isKnown { producers.removeRetired() }
        let hadProfile = watch.retire(model: model, version: version)
        return isKnown || hadProfile
    }

    /// Removes a model with all its versions and facts. Returns false if there is no such model.
    package func retire(model: String) -> Bool {
        let isKnown = directory.withLock { directory in
            let isKnown = directory.models.contains { $0.name == model }
            directory.remove(
                versions: { $0.owner.name == model }, models: { $0.name == model })
            return isKnown
        }
        if isKnown { producers.removeRetired() }
        let hadProfile = watch.retire(model: model)
        return isKnown || hadProfile
    }

    /// Removes the state that a producer has pushed.
    package func forget(producer: UInt64) {
        leases.end(producer)
    }

    // MARK: Expiry

    /// What has expired.
    package struct ExpiredItems: Sendable, Equatable {
        package struct Version: Sendable, Equatable {
            package let model: String
            package let version: String

            package init(model: String, version: String) {
                self.model = model
                self.version = version
            }
        }

        package var versions: [Version] = []
        /// Models that have no other version.
        package var models: [String] = []
        /// Producers whose leases have ended.
        package var producers: [UInt64] = []

        package init() {}
    }

    /// Removes the versions and models that have expired.
    func removeExpired(now: UInt64) {
        directory.withLock { directory in
            let life = ModelLife(directory.settings)
            if !life.isLimited { return }
            directory.remove(
                versions: { life.end($0) <= now }, models: { life.end($0) <= now })
        }
        producers.removeRetired()
    }

    /// The versions, models and leases that have expired, and the earliest time at which another
    /// one can expire, in nanoseconds of the monotonic clock.
    package func expired(now: UInt64) -> (ExpiredItems, next: UInt64) {
        var expired = ExpiredItems()
        var next: UInt64
        (expired.producers, next) = leases.expired(now: now)
        directory.withLock { directory in
            let life = ModelLife(directory.settings)
            if !life.isLimited { return }
            next = min(next, now &+ life.ofVersions)
            var staying: [ModelState] = []
            for version in directory.versions {
                let end = life.end(version)
                if end <= now {
                    expired.versions.append(
                        ExpiredItems.Version(model: version.owner.name, version: version.version))
                } else {
                    next = min(next, end)
                    staying.append(version.owner)
                }
            }
            for model in directory.models where !staying.contains(where: { $0 === model }) {
                let end = life.end(model)
                if end <= now { expired.models.append(model.name) } else { next = min(next, end) }
            }
        }
        return (expired, next)
    }

    /// Removes what `expired` returned. The caller must not reserve a batch at the same time.
    package func forget(_ expired: ExpiredItems) {
        for producer in expired.producers { leases.end(producer) }
        if expired.versions.isEmpty && expired.models.isEmpty { return }
        directory.withLock { directory in
            directory.remove(
                versions: { version in
                    expired.versions.contains {
                        $0.version == version.version && $0.model == version.owner.name
                    }
                },
                models: { expired.models.contains($0.name) })
        }
        for version in expired.versions {
            watch.expire(model: version.model, version: version.version)
        }
        producers.removeRetired()
    }

    /// A histogram that restarts at 0 because its bounds have changed.
    package struct Reset: Sendable, Equatable {
        package let model: String
        package let version: String
        package let family: BucketFamily
    }

    /// Changes the settings of later pushes. The histograms of a version get other bounds with its
    /// next push, whose record has them.
    package func change(_ settings: ModelSettings) {
        let models = directory.withLock { directory in
            directory.change(settings)
            return directory.models
        }
        general?.apply(settings.rules)
        for model in models { model.apply(settings.rules(of: model.name)) }
    }
}

/// When versions and models expire.
struct ModelLife {
    /// In nanoseconds.
    let ofVersions: UInt64
    let ofFacts: UInt64
    /// Whether anything expires: `--push.model-ttl=0` keeps everything.
    let isLimited: Bool

    init(_ settings: ModelSettings) {
        // Halves of the range: sums of a time and a duration do not overflow.
        ofVersions = min(settings.timeToLive.nanoseconds, .max / 2)
        ofFacts = max(ofVersions, ModelSettings.factsTimeToLive.nanoseconds)
        isLimited = ofVersions > 0
    }

    /// The time at which a version expires, on the monotonic clock.
    func end(_ version: ModelVersion) -> UInt64 {
        version.lastPush.load(ordering: .relaxed) &+ ofVersions
    }

    /// The time at which a model without versions expires.
    func end(_ model: ModelState) -> UInt64 {
        model.lastPush.load(ordering: .relaxed) &+ (model.hasFacts ? ofFacts : ofVersions)
    }
}
