package import Kernel
package import Observation
package import Series
internal import Synchronization
package import Wire

/// Compares what models get and give with their profiles.
///
/// Threads that receive pushes reduce them (`reduce`); the journal's writer decides, applies and evaluates.
package final class WatchStore: Sendable {
    package let limits: WatchLimits
    let budget: SeriesBudget
    let bytes = WatchBytes()
    let directory = LockedValue(WatchDirectory())
    private let settings: LockedValue<WatchSettings>
    /// Counts the changes of profiles, from 1.
    private let generation = Atomic<UInt64>(1)
    /// Profiles in force: without any a push costs nothing.
    private let activeCount = Atomic<Int>(0)
    private let reducers = LockedValue(ReducerPool())
    /// The five minutes whose end was last evaluated.
    private let evaluated = Atomic<Int64>(.min)

    package init(
        _ limits: WatchLimits = WatchLimits(), settings: WatchSettings = WatchSettings(),
        budget: SeriesBudget
    ) {
        self.limits = limits
        self.budget = budget
        self.settings = LockedValue(settings)
    }

    /// Whether any profile is in force.
    package var isUsed: Bool { activeCount.load(ordering: .relaxed) > 0 }

    func rules(of model: String) -> WatchSettings.Rules {
        settings.withLock { $0.rules(of: model) }
    }

    /// Changes the settings of later evaluations, and of the page at once.
    package func change(_ new: WatchSettings) {
        settings.withLock { $0 = new }
        for variant in directory.withLock({ $0.variants }) {
            variant.change(new.rules(of: variant.model), budget: budget)
        }
    }

    /// A profile has changed: deltas that were made before are made again.
    func noteChange() {
        activeCount.store(directory.withLock { $0.entries.count }, ordering: .relaxed)
        generation.wrappingAdd(1, ordering: .releasing)
    }

    // MARK: Reducing

    /// The profile in force for the version of a scope.
    package func layout(of scope: Int, batch: borrowing Batch) -> Layout? {
        if !isUsed { return nil }
        let names = batch.scopes[scope]
        if names.model.isNone || names.version.isNone { return nil }
        return directory.withLock { directory in
            directory.layout(batch.bytes(names.model), version: batch.bytes(names.version))
        }
    }

    /// Counts the rows of a batch against the profiles of their versions, without those for which
    /// `isRefused` is true.
    package func reduce(
        _ batch: borrowing Batch, isRefused: ((Int) -> Bool)? = nil
    ) -> WatchDeltas {
        var deltas = WatchDeltas()
        deltas.generation = generation.load(ordering: .acquiring)
        if !isUsed || batch.runs.isEmpty { return deltas }
        // A scope may have many runs, if events of several versions alternate.
        let order = batch.runs.indices.sorted {
            (batch.runs[$0].scope, $0) < (batch.runs[$1].scope, $1)
        }
        var reducer = reducers.withLock { $0.take() } ?? Reducer()
        var start = 0
        while start < order.count {
            let scope = batch.runs[order[start]].scope
            var end = start + 1
            while end < order.count, batch.runs[order[end]].scope == scope { end += 1 }
            if let layout = layout(of: scope, batch: batch) {
                let delta = reducer.reduce(
                    batch, runs: order[start..<end], scope: scope, layout: layout,
                    isRefused: isRefused)
                if !delta.words.isEmpty { deltas.scopes.append(delta) }
            }
            start = end
        }
        var kept: Reducer? = consume reducer
        reducers.withLock { pool in
            if let reducer = kept.take() { pool.giveBack(reducer) }
        }
        return deltas
    }

    /// Whether deltas were made with the profiles that are in force now.
    package func isCurrent(_ deltas: WatchDeltas) -> Bool {
        deltas.generation == generation.load(ordering: .acquiring)
    }

    // MARK: Deciding and applying, on the journal's writer

    /// Decides which versions have windows, and leaves out the registers that would not rise.
    package func decide(
        _ deltas: inout WatchDeltas, batch: borrowing Batch, at seconds: Double
    ) {
        let number = Windows.number(atSeconds: seconds)
        for index in deltas.scopes.indices {
            if let variant = variant(deltas.scopes[index], batch: batch) {
                deltas.scopes[index].hasWindows = variant.hasWindows
                variant.shorten(&deltas.scopes[index], at: number)
            } else {
                let needed = WatchBytes.ofWindows(deltas.scopes[index].layout)
                deltas.scopes[index].hasWindows = bytes.count + needed <= limits.bytes
                if !deltas.scopes[index].hasWindows { budget.drop(.watchLimit) }
            }
        }
    }

    /// Adds deltas that were decided at a time of `PersistentClock`.
    package func apply(_ deltas: WatchDeltas, batch: borrowing Batch, at seconds: Double) {
        let number = Windows.number(atSeconds: seconds)
        for delta in deltas.scopes {
            let variant =
                variant(delta, batch: batch)
                ?? make(
                    WatchStore.variantName(delta.scope, batch: batch),
                    model: batch.bytes(batch.scopes[delta.scope].model).string,
                    version: batch.bytes(batch.scopes[delta.scope].version).string,
                    layout: delta.layout, hasWindows: delta.hasWindows)
            variant.add(
                delta, at: number, keepsNames: rules(of: variant.model).keepsUnseenNames)
        }
    }

    /// Reads the deltas of a record; nil if it is damaged.
    package func replay(_ record: inout ByteReader, batch: borrowing Batch) -> WatchDeltas? {
        var deltas = WatchDeltas()
        for _ in 0..<record.count() {
            guard
                let delta = ScopeDelta(
                    &record, scopes: batch.scopes.count, layout: { layout(of: $0, batch: batch) })
            else { return nil }
            deltas.scopes.append(delta)
        }
        return record.isDamaged ? nil : deltas
    }

    /// Computes the scores of all versions if a sub-window has ended since the last time.
    package func evaluate(at time: Timestamp) {
        let number = Windows.number(atSeconds: time.persistentSeconds)
        if evaluated.exchange(number, ordering: .relaxed) == number { return }
        for variant in directory.withLock({ $0.variants }) {
            variant.evaluate(at: time, rules: rules(of: variant.model))
        }
    }

    /// Evaluates again at the next call of `evaluate`, because windows were restored.
    package func evaluateAgain() { evaluated.store(.min, ordering: .relaxed) }

    /// Seconds of `PersistentClock` at which the sub-window of a time ends.
    package static func end(ofSubWindowAt seconds: Double) -> Double {
        Double((Windows.number(atSeconds: seconds) + 1) * Windows.fiveSeconds)
    }

    private static func variantName(_ scope: Int, batch: borrowing Batch) -> String {
        let name = batch.scopes[scope].variant
        return name.isNone ? "" : batch.bytes(name).string
    }

    private func variant(_ delta: ScopeDelta, batch: borrowing Batch) -> WatchedVariant? {
        let names = batch.scopes[delta.scope]
        let none: [UInt8] = []
        return directory.withLock { directory in
            names.variant.isNone
                ? directory.variant(
                    none.span, model: batch.bytes(names.model),
                    version: batch.bytes(names.version))
                : directory.variant(
                    batch.bytes(names.variant), model: batch.bytes(names.model),
                    version: batch.bytes(names.version))
        }
    }

    func make(
        _ variant: String, model: String, version: String, layout: Layout, hasWindows: Bool
    ) -> WatchedVariant {
        let made = WatchedVariant(
            model: model, version: version, variant: variant, layout: layout,
            hasWindows: hasWindows, rules: rules(of: model), budget: budget, bytes: bytes)
        directory.withLock { $0.add(made) }
        return made
    }

    /// The variants on the page: one without a row is shown only while its version has no other.
    var shownVariants: [WatchedVariant] {
        let all = directory.withLock { $0.variants }
        return all.filter { one in
            !one.variant.isEmpty || one.hasRows
                || !all.contains {
                    !$0.variant.isEmpty && $0.model == one.model && $0.version == one.version
                }
        }
    }
}

/// As many reducers as there are threads that receive pushes.
private struct ReducerPool: ~Copyable, Sendable {
    private var first: Reducer?
    private var second: Reducer?

    mutating func take() -> Reducer? {
        if first != nil { return first.take() }
        return second.take()
    }

    mutating func giveBack(_ reducer: consuming Reducer) {
        if first == nil {
            first = consume reducer
        } else if second == nil {
            second = consume reducer
        }
    }
}
