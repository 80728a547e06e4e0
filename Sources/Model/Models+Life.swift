internal import Kernel
internal import Series
internal import Synchronization

/// What becomes of models when nobody pushes: listing, retiring, expiry, other settings.
extension Models {
    /// A version as `GET /v1/models` lists it.
    package struct VersionInfo: Sendable, Equatable {
        package let model: String
        /// Empty for a model of which only training, business or labels without version are known.
        package let version: String
        /// Rows of input since the version came.
        package let rows: UInt64
        /// In Unix seconds.
        package let lastPush: Double
    }

    /// The versions in the order in which they came, then the models that have none.
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

    /// Forgets a version with all its variants; the last version takes what is known of its model
    /// along. Returns false when there is no such version. An empty version is a model without any.
    package func retire(model: String, version: String) -> Bool {
        directory.withLock { directory in
            let isKnown =
                version.isEmpty
                ? directory.models.contains { $0.name == model }
                    && !directory.versions.contains { $0.owner.name == model }
                : directory.versions.contains { $0.owner.name == model && $0.version == version }
            if !isKnown { return false }
            directory.remove(
                versions: { $0.owner.name == model && $0.version == version },
                models: { $0.name == model })
            return true
        }
    }

    /// Takes back what a producer said of its state: it is gone.
    package func forget(producer: UInt64) {
        leases.end(producer)
    }

    // MARK: Expiry

    /// What has outlived its time.
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

    /// Forgets versions and models that have been silent for too long.
    func sweep(now: UInt64) {
        directory.withLock { directory in
            let life = directory.settings.timeToLive.nanoseconds
            if life == 0 { return }
            func isIdle(_ lastPush: borrowing Atomic<UInt64>) -> Bool {
                let push = lastPush.load(ordering: .relaxed)
                return now > push && now - push >= life
            }
            directory.remove(
                versions: { isIdle($0.lastPush) }, models: { isIdle($0.lastPush) })
        }
    }

    /// The versions and models that have been silent for too long and the leases that have ended,
    /// and when something else will have at the earliest.
    package func expired(now: UInt64) -> (ExpiredItems, next: UInt64) {
        var expired = ExpiredItems()
        var next: UInt64
        (expired.producers, next) = leases.expired(now: now)
        directory.withLock { directory in
            // Sums of times do not go beyond what fits.
            let life = min(directory.settings.timeToLive.nanoseconds, .max / 2)
            if life == 0 { return }
            next = min(next, now &+ life)
            func isIdle(_ lastPush: borrowing Atomic<UInt64>) -> Bool {
                let end = lastPush.load(ordering: .relaxed) &+ life
                if end > now { next = min(next, end) }
                return end <= now
            }
            var staying: [ModelState] = []
            for version in directory.versions {
                if isIdle(version.lastPush) {
                    expired.versions.append(
                        ExpiredItems.Version(model: version.owner.name, version: version.version))
                } else {
                    staying.append(version.owner)
                }
            }
            for model in directory.models
            where isIdle(model.lastPush) && !staying.contains(where: { $0 === model }) {
                expired.models.append(model.name)
            }
        }
        return (expired, next)
    }

    /// Forgets what `expired` has told; no batch is decided on meanwhile.
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
    }

    /// A histogram that starts at 0 because its bounds have changed.
    package struct Reset: Sendable, Equatable {
        package let model: String
        package let version: String
        package let family: BucketFamily
    }

    /// Changes the settings for pushes from now on. The histograms of a version get other bounds
    /// with its next push, whose record says so.
    package func change(_ settings: ModelSettings) {
        let models = directory.withLock { directory in
            directory.change(settings)
            return directory.models
        }
        general?.apply(settings.rules)
        for model in models { model.apply(settings.rules(of: model.name)) }
    }
}
