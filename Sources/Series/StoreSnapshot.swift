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

    private let catalogue: MetricDescriptors
    private var words: [UInt64] = []
    private var sheets: [StorePage] = []

    package init(_ catalogue: MetricDescriptors) {
        self.catalogue = catalogue
    }

    /// Takes in a ledger of the same catalogue; its lock is the caller's.
    package mutating func take(_ ledger: borrowing SeriesStore) {
        sheets.append(
            StorePage(
                words: words.count, labels: ledger.labelBytes, entries: ledger.entries,
                bounds: ledger.bounds, infos: ledger.infos, exemplars: ledger.exemplars,
                natives: ledger.keepsNatives ? ledger.natives : nil))
        words += ledger.words
    }

    package mutating func removeAll() {
        sheets.removeAll(keepingCapacity: true)
        words.removeAll(keepingCapacity: true)
    }

    /// Writes every family that has a series to show.
    package func write(to page: inout Page) {
        for instrument in catalogue.instruments { write(instrument, to: &page) }
    }

    private func write(_ instrument: MetricDescriptor, to page: inout Page) {
        var isBegun = false
        for sheet in sheets.indices {
            if case .info = instrument.shape {
                writeInfos(instrument, sheets[sheet].infos, &isBegun, to: &page)
            } else if !sheets[sheet].entries[instrument.index].isEmpty {
                write(instrument, sheets[sheet], &isBegun, to: &page)
            }
        }
    }

    private func write(
        _ instrument: MetricDescriptor, _ sheet: StorePage, _ isBegun: inout Bool,
        to page: inout Page
    ) {
        let list = sheet.entries[instrument.index]
        let entries = list.span
        let labels = sheet.labels.span
        let words = words.span.extracting(droppingFirst: sheet.words)
        for place in entries.indices {
            let entry = entries[place]
            let word = Int(entry.word)
            let value = words[word]
            if value == Entry.hidden { continue }
            if !isBegun {
                page.begin(instrument.family)
                isBegun = true
            }
            let start = Int(entry.labels.start)
            let text = labels.extracting(start..<start + Int(entry.labels.count))
            switch instrument.shape {
            case .counter: page.row(instrument.family, text, value)
            case .sum, .gauge: page.row(instrument.family, text, Double(bitPattern: value))
            case .histogram:
                guard let bounds = sheet.bounds[instrument.index] else { continue }
                page.histogram(
                    instrument.family, text, bounds,
                    counts: words.extracting(word + 1..<word + 1 + bounds.bucketCount),
                    sum: Double(bitPattern: value),
                    exemplars: sheet.exemplars.isEmpty ? [] : sheet.exemplars[entry.word] ?? [],
                    native: sheet.natives.map { $0[entry.word] ?? NativeHistogram() })
            case .info: continue
            }
        }
    }

    private func writeInfos(
        _ instrument: MetricDescriptor, _ infos: [InfoSeries], _ isBegun: inout Bool,
        to page: inout Page
    ) {
        for info in infos where info.instrument == instrument.index && !info.labels.isEmpty {
            if !isBegun {
                page.begin(instrument.family)
                isBegun = true
            }
            page.row(instrument.family, info.labels.span, 1 as UInt64)
        }
    }
}
