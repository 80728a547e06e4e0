internal import Kernel
internal import Series

/// Giving and taking away profiles. Only the journal's writer changes them.
extension WatchStore {
    /// Where a profile comes from. One that a request gave wins over one of a settings file.
    package enum Origin: UInt64, Sendable {
        case request = 0
        case file = 1
    }

    /// What became of a change.
    package enum Change: Sendable, Equatable {
        /// It was in force already.
        case unchanged
        /// Another one is in force, and the windows have begun again.
        case replaced
        /// It took effect for a version that had none, or nothing is in force any more.
        case changed
        /// There was none to remove.
        case unknown
    }

    /// The profile that was given for exactly this version and is in force.
    package func profile(model: String, version: String) -> Layout? {
        directory.withLock { $0.entry(model, version: version)?.active }
    }

    /// The profile that was given with this origin.
    package func profile(model: String, version: String, from origin: Origin) -> Layout? {
        directory.withLock { directory in
            let entry = directory.entry(model, version: version)
            return origin == .request ? entry?.put : entry?.file
        }
    }

    /// The versions that have a profile from the settings file, with its id.
    package var ofFiles: [(model: String, version: String, id: String)] {
        directory.withLock { directory in
            directory.entries.compactMap { entry in
                entry.file.map { (entry.model, entry.version, $0.id) }
            }
        }
    }

    /// Whether a profile of this version is within the limit.
    package func allowsProfile(model: String, version: String) -> Bool {
        directory.withLock { directory in
            directory.entry(model, version: version) != nil
                || directory.entries.count < limits.profiles
        }
    }

    /// Puts a profile in force, or removes it if `layout` is nil.
    package func set(
        _ layout: Layout?, model: String, version: String, from origin: Origin
    ) -> Change {
        let (before, after, had) = directory.withLock { directory in
            let entry = directory.entry(model, version: version)
            let had = origin == .request ? entry?.put : entry?.file
            let before = entry?.active
            directory.change(model, version: version) { entry in
                let kept = had?.id == layout?.id ? had : layout
                if origin == .request { entry.put = kept } else { entry.file = kept }
            }
            return (before, directory.entry(model, version: version)?.active, had)
        }
        noteChange()
        if before?.id != after?.id { settle(model) }
        if layout == nil {
            return had == nil ? .unknown : before?.id == after?.id ? .unchanged : .changed
        }
        if before?.id == after?.id { return .unchanged }
        return before == nil ? .changed : .replaced
    }

    /// A version is gone: so is the profile that a request gave it, and all its counts. Returns whether
    /// there was a profile.
    package func retire(model: String, version: String) -> Bool {
        let had = directory.withLock { directory in
            let had = directory.entry(model, version: version)?.put != nil
            directory.removeVariants { $0.model == model && $0.version == version }
            if had { directory.change(model, version: version) { $0.put = nil } }
            return had
        }
        noteChange()
        settle(model)
        return had
    }

    /// A model is gone.
    package func retire(model: String) -> Bool {
        let had = directory.withLock { directory in
            let versions = directory.entries.filter { $0.model == model && $0.put != nil }
            directory.removeVariants { $0.model == model }
            for entry in versions {
                directory.change(model, version: entry.version) { $0.put = nil }
            }
            return !versions.isEmpty
        }
        noteChange()
        settle(model)
        return had
    }

    /// A version was silent for long: its counts and windows end, its profile stays.
    package func expire(model: String, version: String) {
        directory.withLock { directory in
            directory.removeVariants { $0.model == model && $0.version == version }
        }
        settle(model)
    }

    /// Removes everything, before a restoration.
    package func removeAll() {
        directory.withLock { $0.removeAll() }
        noteChange()
        evaluateAgain()
    }

    /// Makes the variants of a model fit its profiles: counts against another profile begin again, and a
    /// version with a profile of its own has counters from now on.
    private func settle(_ model: String) {
        let missing = directory.withLock { directory -> [(String, Layout)] in
            directory.removeOutdated(of: model)
            let none: [UInt8] = []
            let entries = directory.entries
            return entries.compactMap { entry in
                guard entry.model == model, entry.version != WatchDirectory.anyVersion,
                    let layout = entry.active,
                    directory.variant(
                        none.span, model: entry.model.utf8Span.span,
                        version: entry.version.utf8Span.span) == nil
                else { return nil }
                return (entry.version, layout)
            }
        }
        for (version, layout) in missing {
            let hasWindows = bytes.count + WatchBytes.ofWindows(layout) <= limits.bytes
            if !hasWindows { budget.drop(.watchLimit) }
            _ = make("", model: model, version: version, layout: layout, hasWindows: hasWindows)
        }
    }
}
