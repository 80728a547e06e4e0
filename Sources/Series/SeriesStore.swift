package import Exposition

/// The series of one model version: their numbers in one row of words, their labels rendered once.
///
/// A series is made hidden and shows from its first number on, or from `show` on. Whoever holds the
/// ledger holds its lock; a page copies the words under that lock and is written without it.
package struct SeriesStore: ~Copyable, Sendable {
    let descriptors: MetricDescriptors
    let budget: SeriesBudget
    /// Series that exist or are reserved.
    package internal(set) var count = 0
    private var reserved = 0
    /// Bytes of labels that the series put on a page.
    var pageBytes = 0
    var words: [UInt64] = []
    var labelBytes: [UInt8] = []
    /// By the family's place in the catalogue.
    var entries: [[Entry]]
    var bounds: [BucketBounds?]
    /// Series of value 1, whose labels say it all.
    var infos: [InfoSeries] = []
    /// The exemplars of histograms that have any, by their first word.
    var exemplars: [UInt32: [Exemplar?]] = [:]
    /// The native buckets of histograms by their first word, where these are kept.
    var natives: [UInt32: NativeHistogram] = [:]
    let keepsNatives: Bool

    /// `keepsNatives` says whether histograms have native buckets beside the classic ones.
    package init(_ descriptors: MetricDescriptors, budget: SeriesBudget, keepsNatives: Bool = false)
    {
        self.descriptors = descriptors
        self.budget = budget
        self.keepsNatives = keepsNatives
        entries = descriptors.instruments.map { _ in [] }
        bounds = descriptors.instruments.map {
            if case .histogram(let bounds) = $0.shape { bounds } else { nil }
        }
    }

    deinit {
        budget.giveBack(count)
        budget.giveBack(pageBytes: pageBytes)
    }

    // MARK: Reserving

    /// Takes room for `count` series that are made next, or says which limit is met.
    package mutating func reserve(_ count: Int) -> DropReason? {
        if let refusal = hold(count) { return refusal }
        reserved += count
        return nil
    }

    /// Takes the room of `count` series for something else that is kept.
    package mutating func hold(_ count: Int) -> DropReason? {
        if budget.isBinding, self.count + count > budget.limits.seriesPerVersion {
            return .versionSeriesLimit
        }
        if let refusal = budget.take(count) { return refusal }
        self.count += count
        return nil
    }

    /// Gives back what `hold` took.
    package mutating func release(_ count: Int) {
        self.count -= count
        budget.giveBack(count)
    }

    /// The series that one more of this family takes.
    package func cost(_ descriptor: MetricDescriptor) -> Int {
        bounds[descriptor.index].map { $0.bucketCount + 2 } ?? 1
    }

    /// Keeps labels for series to come. Room for at least one of them has been reserved.
    package mutating func keep(_ labels: LabelSet) -> Labels {
        let start = labelBytes.count
        labelBytes += labels.bytes
        return Labels(start: UInt32(start), count: UInt32(labels.bytes.count))
    }

    package mutating func counter(_ descriptor: MetricDescriptor, labels: Labels) -> Counter {
        Counter(word: make(descriptor, labels: labels, words: 1))
    }

    package mutating func sum(_ descriptor: MetricDescriptor, labels: Labels) -> FloatCounter {
        FloatCounter(word: make(descriptor, labels: labels, words: 1))
    }

    package mutating func gauge(_ descriptor: MetricDescriptor, labels: Labels) -> Gauge {
        Gauge(word: make(descriptor, labels: labels, words: 1))
    }

    package mutating func histogram(_ descriptor: MetricDescriptor, labels: Labels) -> Histogram {
        let buckets = bounds[descriptor.index]?.bucketCount ?? 1
        return Histogram(
            word: make(descriptor, labels: labels, words: buckets + 1),
            descriptor: UInt32(descriptor.index)
        )
    }

    private mutating func make(_ descriptor: MetricDescriptor, labels: Labels, words count: Int)
        -> UInt32
    {
        let cost = cost(descriptor)
        reserved -= cost
        precondition(reserved >= 0, "a series without room reserved for it")
        let bytes = cost * Int(labels.count)
        pageBytes += bytes
        budget.take(pageBytes: bytes)
        let word = UInt32(words.count)
        words.append(Entry.hidden)
        for _ in 1..<count { words.append(0) }
        entries[descriptor.index].append(Entry(labels: labels, word: word))
        return word
    }

    // MARK: Changing

    /// A series of value 1 whose labels may change; hidden until it is described.
    package mutating func info(_ descriptor: MetricDescriptor) -> Info {
        reserved -= 1
        precondition(reserved >= 0, "a series without room reserved for it")
        infos.append(InfoSeries(descriptor: descriptor.index, labels: []))
        return Info(place: infos.count - 1)
    }

    package mutating func describe(_ info: Info, labels: LabelSet) {
        let growth = labels.bytes.count - infos[info.place].labels.count
        pageBytes += growth
        budget.take(pageBytes: growth)
        infos[info.place].labels = labels.bytes
    }

    /// Takes a series off the page until it is described again.
    package mutating func hide(_ info: Info) {
        let bytes = infos[info.place].labels.count
        pageBytes -= bytes
        budget.giveBack(pageBytes: bytes)
        infos[info.place].labels = []
    }

    /// What became of other bounds.
    package enum BoundsChange: Sendable, Equatable {
        case unchanged
        /// The room for more buckets is missing.
        case refused(DropReason)
        /// The family's histograms stand at 0, at these places.
        case moved(HistogramMoves)
    }

    /// The bounds of a family's histograms; nil for a family without any.
    package func bounds(of descriptor: MetricDescriptor) -> BucketBounds? {
        bounds[descriptor.index]
    }

    /// Gives the histograms of a family other bounds; each starts anew.
    package mutating func setBounds(_ new: BucketBounds, of descriptor: MetricDescriptor)
        -> BoundsChange
    {
        guard let old = bounds[descriptor.index], old != new else { return .unchanged }
        let slots = entries[descriptor.index].indices
        let growth = (new.bucketCount - old.bucketCount) * slots.count
        if growth > 0 {
            if let refusal = hold(growth) { return .refused(refusal) }
        } else {
            release(-growth)
        }
        bounds[descriptor.index] = new
        var moves = HistogramMoves()
        for place in slots {
            let word = entries[descriptor.index][place].word
            let isHidden = words[Int(word)] == Entry.hidden
            exemplars[word] = nil
            natives[word] = nil
            moves.words[word] = UInt32(words.count)
            entries[descriptor.index][place].word = UInt32(words.count)
            words.append(isHidden ? Entry.hidden : 0)
            for _ in 0..<new.bucketCount { words.append(0) }
        }
        return .moved(moves)
    }
}
