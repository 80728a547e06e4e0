internal import Kernel
internal import Series
internal import Synchronization

/// The models and versions by name. Guarded by the lock of `Models.directory`.
struct ModelDirectory: ~Copyable, Sendable {
    private(set) var models: [ModelState] = []
    private(set) var versions: [ModelVersion] = []
    private(set) var settings: ModelSettings
    /// Counts the changes of the settings, from 1.
    private(set) var generation: UInt64 = 1
    let keepsNatives: Bool
    /// Records of format 1 do not say which bounds their histograms had: those of the settings are
    /// the best guess.
    var isReplayingFormat1 = false
    private var modelNames = NameTable()
    private var versionNames = NameTable()
    private var key: [UInt8] = []

    init(_ settings: ModelSettings, keepsNatives: Bool) {
        self.settings = settings
        self.keepsNatives = keepsNatives
    }

    /// The model with this name, made if it is new. If a limit is reached, returns nil and sets
    /// `refusal`.
    mutating func model(
        _ name: Span<UInt8>, budget: SeriesBudget, now: UInt64, refusal: inout DropReason?
    ) -> ModelState? {
        if let number = modelNames.number(of: name) {
            models[number].lastPush.store(now, ordering: .relaxed)
            return models[number]
        }
        if budget.isBinding, models.count >= budget.limits.models {
            refusal = .modelLimit
            return nil
        }
        let text = name.string
        let model = ModelState(
            text, budget: budget, rules: settings.rules(of: text), now: now, refusal: &refusal)
        guard let model else { return nil }
        _ = modelNames.add(name)
        models.append(model)
        return model
    }

    /// The version of the model, made if it is new. If a limit is reached, returns nil and sets
    /// `refusal`.
    mutating func version(
        _ version: Span<UInt8>, of model: Span<UInt8>, budget: SeriesBudget, now: UInt64,
        refusal: inout DropReason?
    ) -> ModelVersion? {
        key.removeAll(keepingCapacity: true)
        ModelDirectory.append(model, version: version, to: &key)
        if let number = versionNames.number(of: key.span) {
            let known = versions[number]
            known.lastPush.store(now, ordering: .relaxed)
            known.owner.lastPush.store(now, ordering: .relaxed)
            return known
        }
        guard let owner = self.model(model, budget: budget, now: now, refusal: &refusal) else {
            return nil
        }
        let siblings = versions.count { $0.owner === owner }
        if budget.isBinding, siblings >= budget.limits.versionsPerModel {
            refusal = .versionLimit
            return nil
        }
        let made = ModelVersion(
            owner, version: version.string, budget: budget,
            // A record and a snapshot say themselves which bounds are not the default.
            rules: budget.isBinding || isReplayingFormat1
                ? settings.rules(of: owner.name) : ModelSettings.Rules(),
            keepsNatives: keepsNatives, now: now)
        let key = key
        _ = versionNames.add(key.span)
        versions.append(made)
        return made
    }

    /// Removes the versions for which `isGone` is true, and the models without a version for which
    /// `isModelGone` is true.
    mutating func remove(
        versions isGone: (ModelVersion) -> Bool, models isModelGone: (ModelState) -> Bool
    ) {
        let count = versions.count
        versions.removeAll { version in
            let isGone = isGone(version)
            if isGone { version.isRetired.store(true, ordering: .relaxed) }
            return isGone
        }
        if versions.count < count {
            var names = NameTable()
            for version in versions {
                key.removeAll(keepingCapacity: true)
                ModelDirectory.append(
                    version.owner.name.utf8Span.span, version: version.version.utf8Span.span,
                    to: &key)
                _ = names.add(key.span)
            }
            versionNames = names
        }
        let modelCount = models.count
        models.removeAll { model in
            isModelGone(model) && !versions.contains { $0.owner === model }
        }
        if models.count < modelCount {
            var names = NameTable()
            for model in models { _ = names.add(model.name.utf8Span.span) }
            modelNames = names
        }
    }

    /// Removes everything.
    mutating func removeAll() {
        remove(versions: { _ in true }, models: { _ in true })
    }

    mutating func change(_ settings: ModelSettings) {
        self.settings = settings
        generation += 1
    }

    /// The bounds that a push must record for its version, because its histograms have others or
    /// because no push has recorded them yet; else nil.
    func newBounds(of version: ModelVersion, scope: Int) -> Reservation.Bounds? {
        if version.boundsGeneration.load(ordering: .relaxed) == generation { return nil }
        let families = version.outdatedBounds(settings.rules(of: version.owner.name))
        if families.isEmpty {
            version.boundsGeneration.store(generation, ordering: .relaxed)
            return nil
        }
        return Reservation.Bounds(scope: scope, families: families, generation: generation)
    }

    // 0xFF is in no UTF-8 string, so that two pairs of names cannot have the same key.
    private static func append(
        _ model: Span<UInt8>, version: Span<UInt8>, to key: inout [UInt8]
    ) {
        for index in model.indices { key.append(model[index]) }
        key.append(0xFF)
        for index in version.indices { key.append(version[index]) }
    }
}
