internal import Kernel
internal import Series

/// The profiles and the variants that are counted. Guarded by the lock of `WatchStore`.
struct WatchDirectory: ~Copyable, Sendable {
    /// The profiles of one version, or of all versions without one (`*`).
    struct Entry: Sendable {
        let model: String
        let version: String
        /// Given by a request, and by a settings file.
        var put: Layout?
        var file: Layout?

        /// The one in force.
        var active: Layout? { put ?? file }
    }

    /// The version whose profile serves the versions that have none.
    static let anyVersion = "*"

    private(set) var entries: [Entry] = []
    private var entryNames = NameTable()
    private(set) var variants: [WatchedVariant] = []
    private var variantNames = NameTable()
    private var key: [UInt8] = []

    init() {}

    // MARK: Profiles

    /// The profile in force for a version.
    mutating func layout(_ model: Span<UInt8>, version: Span<UInt8>) -> Layout? {
        setKey(model, version: version)
        if let number = entryNames.number(of: key.span), let layout = entries[number].active {
            return layout
        }
        let any = WatchDirectory.anyVersion
        setKey(model, version: any.utf8Span.span)
        return entryNames.number(of: key.span).flatMap { entries[$0].active }
    }

    /// The profiles of exactly this version.
    mutating func entry(_ model: String, version: String) -> Entry? {
        setKey(model.utf8Span.span, version: version.utf8Span.span)
        return entryNames.number(of: key.span).map { entries[$0] }
    }

    /// Changes the profiles of a version; one without any is removed.
    mutating func change(_ model: String, version: String, body: (inout Entry) -> Void) {
        var entry =
            entry(model, version: version)
            ?? Entry(model: model, version: version, put: nil, file: nil)
        body(&entry)
        entries.removeAll { $0.model == model && $0.version == version }
        if entry.active != nil { entries.append(entry) }
        var names = NameTable()
        for entry in entries {
            setKey(entry.model.utf8Span.span, version: entry.version.utf8Span.span)
            _ = names.add(key.span)
        }
        entryNames = names
    }

    mutating func removeAll() {
        entries = []
        entryNames = NameTable()
        variants = []
        variantNames = NameTable()
    }

    // MARK: Variants

    mutating func variant(
        _ variant: Span<UInt8>, model: Span<UInt8>, version: Span<UInt8>
    ) -> WatchedVariant? {
        setKey(model, version: version)
        key.append(0xFF)
        for index in variant.indices { key.append(variant[index]) }
        return variantNames.number(of: key.span).map { variants[$0] }
    }

    mutating func add(_ variant: WatchedVariant) {
        variants.append(variant)
        setKey(variant)
        let key = key
        _ = variantNames.add(key.span)
    }

    mutating func removeVariants(where isGone: (WatchedVariant) -> Bool) {
        keep(variants.filter { !isGone($0) })
    }

    /// Removes the variants of a model that are counted against another profile than the one in force.
    mutating func removeOutdated(of model: String) {
        var kept: [WatchedVariant] = []
        for one in variants {
            if one.model != model
                || layout(one.model.utf8Span.span, version: one.version.utf8Span.span)
                    === one.layout
            {
                kept.append(one)
            }
        }
        keep(kept)
    }

    private mutating func keep(_ kept: [WatchedVariant]) {
        if variants.count == kept.count { return }
        variants = kept
        var names = NameTable()
        for variant in variants {
            setKey(variant)
            _ = names.add(key.span)
        }
        variantNames = names
    }

    private mutating func setKey(_ variant: WatchedVariant) {
        setKey(variant.model.utf8Span.span, version: variant.version.utf8Span.span)
        key.append(0xFF)
        key += Array(variant.variant.utf8)
    }

    // 0xFF is in no UTF-8 string, so that different names cannot have the same key.
    private mutating func setKey(_ model: Span<UInt8>, version: Span<UInt8>) {
        key.removeAll(keepingCapacity: true)
        for index in model.indices { key.append(model[index]) }
        key.append(0xFF)
        for index in version.indices { key.append(version[index]) }
    }
}
