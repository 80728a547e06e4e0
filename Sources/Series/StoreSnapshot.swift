package import Exposition

/// What a page shows of many ledgers: their numbers as they stood together under each one's lock.
///
/// Labels are not copied but held: a pusher that makes a new series meanwhile pays for a copy, and
/// nobody waits. So a harvest must be emptied when its page is written.
package struct StoreSnapshot: ~Copyable, Sendable {
    private struct StorePage: Sendable {
        let words: Int
        let labels: [UInt8]
        let entries: [[Entry]]
        let bounds: [BucketBounds?]
        let infos: [InfoSeries]
        let exemplars: [UInt32: [Exemplar?]]
        /// Nil where native buckets are not kept.
        let natives: [UInt32: NativeHistogram]?
    }

    private let descriptors: MetricDescriptors
    private var words: [UInt64] = []
    private var sheets: [StorePage] = []

    package init(_ descriptors: MetricDescriptors) {
        self.descriptors = descriptors
    }

    /// Takes in a ledger of the same catalogue; its lock is the caller's.
    package mutating func take(_ store: borrowing SeriesStore) {
        sheets.append(
            StorePage(
                words: words.count, labels: store.labelBytes, entries: store.entries,
                bounds: store.bounds, infos: store.infos, exemplars: store.exemplars,
                natives: store.keepsNatives ? store.natives : nil))
        words += store.words
    }

    package mutating func removeAll() {
        sheets.removeAll(keepingCapacity: true)
        words.removeAll(keepingCapacity: true)
    }

    /// Writes every family that has a series to show.
    package func write(to page: inout Page) {
        for descriptor in descriptors.instruments { write(descriptor, to: &page) }
    }

    private func write(_ descriptor: MetricDescriptor, to page: inout Page) {
        var isBegun = false
        for sheet in sheets.indices {
            if case .info = descriptor.shape {
                writeInfos(descriptor, infos: sheets[sheet].infos, isBegun: &isBegun, to: &page)
            } else if !sheets[sheet].entries[descriptor.index].isEmpty {
                write(descriptor, sheet: sheets[sheet], isBegun: &isBegun, to: &page)
            }
        }
    }

    private func write(
        _ descriptor: MetricDescriptor, sheet: StorePage, isBegun: inout Bool,
        to page: inout Page
    ) {
        let list = sheet.entries[descriptor.index]
        let entries = list.span
        let labels = sheet.labels.span
        let words = words.span.extracting(droppingFirst: sheet.words)
        for place in entries.indices {
            let entry = entries[place]
            let word = Int(entry.word)
            let value = words[word]
            if value == Entry.hidden { continue }
            if !isBegun {
                page.begin(descriptor.family)
                isBegun = true
            }
            let start = Int(entry.labels.start)
            let text = labels.extracting(start..<start + Int(entry.labels.count))
            switch descriptor.shape {
            case .counter: page.row(descriptor.family, labels: text, value: value)
            case .sum, .gauge:
                page.row(descriptor.family, labels: text, value: Double(bitPattern: value))
            case .histogram:
                guard let bounds = sheet.bounds[descriptor.index] else { continue }
                page.histogram(
                    descriptor.family, labels: text, bounds: bounds,
                    counts: words.extracting(word + 1..<word + 1 + bounds.bucketCount),
                    sum: Double(bitPattern: value),
                    exemplars: sheet.exemplars.isEmpty ? [] : sheet.exemplars[entry.word] ?? [],
                    native: sheet.natives.map { $0[entry.word] ?? NativeHistogram() })
            case .info: continue
            }
        }
    }

    private func writeInfos(
        _ descriptor: MetricDescriptor, infos: [InfoSeries], isBegun: inout Bool,
        to page: inout Page
    ) {
        for info in infos where info.descriptor == descriptor.index && !info.labels.isEmpty {
            if !isBegun {
                page.begin(descriptor.family)
                isBegun = true
            }
            page.row(descriptor.family, labels: info.labels.span, value: 1 as UInt64)
        }
    }
}
