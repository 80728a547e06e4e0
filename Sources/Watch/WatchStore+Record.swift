internal import Kernel
internal import Profiles
internal import Wire

/// Snapshots: a section for each profile, then one for each variant.
extension WatchStore {
    fileprivate static let form: UInt64 = 1

    fileprivate enum Part: UInt64 {
        case profiles = 1
        case variant = 2
    }

    /// Everything as of this moment, to be written later.
    package var image: WatchImage {
        let (entries, variants) = directory.withLock { ($0.entries, $0.variants) }
        return WatchImage(entries: entries, variants: variants.map { ($0, $0.saved) })
    }

    /// Restores one section. Returns false if it is damaged.
    package func restore(_ section: Span<UInt8>) -> Bool {
        var record = ByteReader(section)
        if record.number() != WatchStore.form { return false }
        switch Part(rawValue: record.number()) {
        case .profiles?: return restoreProfiles(&record)
        case .variant?: return restoreVariant(&record)
        case nil: return false
        }
    }

    private func restoreProfiles(_ record: inout ByteReader) -> Bool {
        let model = record.text().string
        let version = record.text().string
        var layouts: [Layout?] = []
        for _ in 0..<2 {
            guard record.flag() else {
                layouts.append(nil)
                continue
            }
            guard let profile = try? Profile(record.text(), file: "profile") else { return false }
            layouts.append(Layout(profile))
        }
        if record.isDamaged || layouts.count != 2 { return false }
        let (put, file) = (layouts[0], layouts[1])
        directory.withLock { directory in
            directory.change(model, version: version) { entry in
                entry.put = put
                entry.file = file
            }
        }
        noteChange()
        return true
    }

    private func restoreVariant(_ record: inout ByteReader) -> Bool {
        let model = record.text().string
        let version = record.text().string
        let variant = record.text().string
        let number = record.number()
        let hasWindows = record.flag()
        let layout = directory.withLock { directory in
            directory.layout(model.utf8Span.span, version: version.utf8Span.span)
        }
        guard !record.isDamaged, let layout, layout.number == number else { return false }
        directory.withLock { directory in
            directory.removeVariants {
                $0.model == model && $0.version == version && $0.variant == variant
            }
        }
        let made = make(
            variant, model: model, version: version, layout: layout, hasWindows: hasWindows)
        made.read(&record)
        evaluateAgain()
        return !record.isDamaged
    }
}

/// The watch at one moment.
package struct WatchImage: Sendable {
    fileprivate let entries: [WatchDirectory.Entry]
    fileprivate let variants: [(variant: WatchedVariant, saved: WatchedVariant.Saved)]

    /// Sections: the profiles first, which those of variants need.
    package var count: Int { entries.count + variants.count }

    /// A section, readable by `restore`.
    package func bytes(of number: Int) -> [UInt8] {
        var record = ByteWriter()
        record.write(WatchStore.form)
        if number < entries.count {
            let entry = entries[number]
            record.write(WatchStore.Part.profiles.rawValue)
            record.write(entry.model)
            record.write(entry.version)
            for layout in [entry.put, entry.file] {
                record.write(layout.map(\.canonical) ?? [], isPresent: layout != nil)
            }
        } else {
            let (variant, saved) = variants[number - entries.count]
            record.write(WatchStore.Part.variant.rawValue)
            record.write(variant.model)
            record.write(variant.version)
            record.write(variant.variant)
            record.write(variant.layout.number)
            record.write(variant.hasWindows)
            saved.totals.write(to: &record, layout: variant.layout)
            saved.windows.write(to: &record, layout: variant.layout)
        }
        return record.bytes
    }
}

extension ByteWriter {
    /// Writes bytes that may be absent.
    fileprivate mutating func write(_ bytes: [UInt8], isPresent: Bool) {
        write(isPresent)
        if isPresent { write(bytes.span) }
    }
}
