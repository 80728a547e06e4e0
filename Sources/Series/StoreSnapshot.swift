package import Exposition

/// The numbers of many stores for one page, each store's copied under its lock.
///
/// Arrays of labels are shared, not copied: a push that makes a new series meanwhile pays for a
/// copy, and no lock is held. `removeAll` must be called when the page is written, because every
/// new series would cause a copy until then.
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
    private var pages: [StorePage] = []

    package init(_ descriptors: MetricDescriptors) {
        self.descriptors = descriptors
    }

    /// Adds a store with the same descriptors. The caller holds its lock.
    package mutating func add(_ store: borrowing SeriesStore) {
        pages.append(
            StorePage(
                words: words.count, labels: store.labelBytes, entries: store.entries,
                bounds: store.bounds, infos: store.infos, exemplars: store.exemplars,
                natives: store.keepsNatives ? store.natives : nil))
        words += store.words
    }

    package mutating func removeAll() {
        pages.removeAll(keepingCapacity: true)
        words.removeAll(keepingCapacity: true)
    }

    /// Writes every family that has a series to show.
    package func write(to page: inout Page) {
        for descriptor in descriptors.instruments { write(descriptor, to: &page) }
    }

    private func write(_ descriptor: MetricDescriptor, to page: inout Page) {
        var isBegun = false
        for index in pages.indices {
            if case .info = descriptor.shape {
                writeInfos(descriptor, infos: pages[index].infos, isBegun: &isBegun, to: &page)
            } else if !pages[index].entries[descriptor.index].isEmpty {
                write(descriptor, store: pages[index], isBegun: &isBegun, to: &page)
            }
        }
    }

    private func write(
        _ descriptor: MetricDescriptor, store: StorePage, isBegun: inout Bool,
        to page: inout Page
    ) {
        let list = store.entries[descriptor.index]
        let entries = list.span
        let labels = store.labels.span
        let words = words.span.extracting(droppingFirst: store.words)
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
                guard let bounds = store.bounds[descriptor.index] else { continue }
                page.histogram(
                    descriptor.family, labels: text, bounds: bounds,
                    counts: words.extracting(word + 1..<word + 1 + bounds.bucketCount),
                    sum: Double(bitPattern: value),
                    exemplars: store.exemplars.isEmpty ? [] : store.exemplars[entry.word] ?? [],
                    native: store.natives.map { $0[entry.word] ?? NativeHistogram() })
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
