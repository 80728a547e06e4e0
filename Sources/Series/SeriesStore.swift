package import Exposition

/// The series of one owner, such as a model version: their numbers in one array of words, their
/// labels rendered once.
///
/// A series is hidden until its first value or `show`. The owner guards the store by a lock; a page
/// copies the words under that lock and is written without it.
package struct SeriesStore: ~Copyable, Sendable {
    let descriptors: MetricDescriptors
    let budget: SeriesBudget
    /// Series that exist or are reserved, and entries that count as series.
    package internal(set) var count = 0
    private var reserved = 0
    /// Bytes that the labels of the series take on a page.
    var pageBytes = 0
    var words: [UInt64] = []
    var labelBytes: [UInt8] = []
    /// By the family's index in `descriptors`.
    var entries: [[Entry]]
    var bounds: [BucketBounds?]
    /// Series of value 1 with labels that change.
    var infos: [InfoSeries] = []
    /// Indices in `infos` of removed series, to be used again: a process that loads a new model
    /// version every day must not grow the array.
    private var freeInfos: [Int] = []
    /// The exemplars of the histograms that have any, by the histogram's first word.
    var exemplars: [UInt32: [Exemplar?]] = [:]
    /// The native histograms by the classic histogram's first word, if `keepsNatives`.
    var natives: [UInt32: NativeHistogram] = [:]
    let keepsNatives: Bool

    /// `keepsNatives`: whether histograms have native buckets beside the classic ones.
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
        budget.release(count)
        budget.release(pageBytes: pageBytes)
    }

    // MARK: Reserving

    /// Reserves `count` series that the caller makes next. Returns the limit that is reached, or nil.
    package mutating func reserve(_ count: Int) -> DropReason? {
        if let refusal = take(count) { return refusal }
        reserved += count
        return nil
    }

    /// Counts `count` series against the limits, also for other entries that use memory. Returns the
    /// limit that is reached, or nil.
    package mutating func take(_ count: Int) -> DropReason? {
        if budget.isBinding, self.count + count > budget.limits.seriesPerVersion {
            return .versionSeriesLimit
        }
        if let refusal = budget.take(count) { return refusal }
        self.count += count
        return nil
    }

    /// Releases what `take` has counted.
    package mutating func release(_ count: Int) {
        self.count -= count
        budget.release(count)
    }

    /// The number of series that one more of this family takes: a histogram takes one per bucket, one
    /// for the sum and one for the count.
    package func cost(_ descriptor: MetricDescriptor) -> Int {
        bounds[descriptor.index].map { $0.bucketCount + 2 } ?? 1
    }

    /// Stores the labels of series that are made next. At least one of them must be reserved.
    package mutating func store(_ labels: LabelSet) -> Labels {
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
        precondition(reserved >= 0, "a series that is not reserved")
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

    /// A series of value 1 whose labels can change; hidden until it is described.
    package mutating func info(_ descriptor: MetricDescriptor) -> Info {
        reserved -= 1
        precondition(reserved >= 0, "a series that is not reserved")
        if let place = freeInfos.popLast() {
            infos[place] = InfoSeries(descriptor: descriptor.index, labels: [])
            return Info(place: place)
        }
        infos.append(InfoSeries(descriptor: descriptor.index, labels: []))
        return Info(place: infos.count - 1)
    }

    /// Sets the labels of an info series and shows it.
    package mutating func describe(_ info: Info, labels: LabelSet) {
        let growth = labels.bytes.count - infos[info.place].labels.count
        pageBytes += growth
        budget.take(pageBytes: growth)
        infos[info.place].labels = labels.bytes
    }

    /// Hides an info series until it is described again.
    package mutating func hide(_ info: Info) {
        let bytes = infos[info.place].labels.count
        pageBytes -= bytes
        budget.release(pageBytes: bytes)
        infos[info.place].labels = []
    }

    /// Removes an info series and releases its reservation. The handle must not be used again.
    package mutating func remove(_ info: Info) {
        hide(info)
        infos[info.place] = InfoSeries(descriptor: -1, labels: [])
        freeInfos.append(info.place)
        release(1)
    }

    /// The result of `setBounds`.
    package enum BoundsChange: Sendable, Equatable {
        case unchanged
        /// The limit that more buckets would exceed.
        case refused(DropReason)
        /// The family's histograms are at 0, at these positions.
        case moved(HistogramMoves)
    }

    /// The bounds of a family's histograms; nil for a family without any.
    package func bounds(of descriptor: MetricDescriptor) -> BucketBounds? {
        bounds[descriptor.index]
    }

    /// Changes the bounds of the histograms of a family; each restarts at 0.
    package mutating func setBounds(_ new: BucketBounds, of descriptor: MetricDescriptor)
        -> BoundsChange
    {
        guard let old = bounds[descriptor.index], old != new else { return .unchanged }
        let slots = entries[descriptor.index].indices
        let growth = (new.bucketCount - old.bucketCount) * slots.count
        if growth > 0 {
            if let refusal = take(growth) { return .refused(refusal) }
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
