internal import Kernel
internal import Observation
internal import Profiles
internal import Statistics

/// Counts the rows of a push against profiles, in memory that is reused: a thread has one at a time.
struct Reducer: ~Copyable, Sendable {
    /// Memory for more rows than this is not kept.
    private static let keptRows = 1 << 16
    /// Different unseen categories of a push whose names are kept.
    private static let nameLimit = 64
    /// |z| beyond which a row is an outlier.
    private static let outlierZ = 6.0

    /// What is known of a row.
    private enum Row {
        static let hasFeatures: UInt8 = 1
        static let isOutlier: UInt8 = 2
        static let isCounted: UInt8 = 4
    }

    private var words: [UInt64] = []
    /// Bins that are no longer 0.
    private var bins: [UInt32] = []
    private var isTouched: [Bool] = []
    private var registers: [UInt8] = []
    private var raised: [UInt32] = []
    private var unseen: [UInt64: ScopeDelta.UnseenName] = [:]
    /// By column: requests whose row has the feature.
    private var present: [UInt64] = []
    /// By symbol: the column + 1, -1 for none, 0 if not looked up yet.
    private var columns: [Int32] = []
    /// By row of the batch.
    private var rows: [UInt8] = []
    private var tails: [UInt16] = []
    private var largest: [Double] = []

    init() {}

    /// Counts the runs of one scope. `isRefused` says which rows the writer has refused.
    mutating func reduce(
        _ batch: borrowing Batch, runs: ArraySlice<Int>, scope: Int, layout: Layout,
        isRefused: ((Int) -> Bool)?
    ) -> ScopeDelta {
        begin(batch, layout: layout)
        for run in runs {
            addColumns(batch, run: run, layout: layout, isRefused: isRefused)
            addFeatures(batch, run: run, layout: layout, isRefused: isRefused)
            addPredictions(batch, run: run, layout: layout, isRefused: isRefused)
            addScores(batch, run: run, layout: layout, isRefused: isRefused)
            finishRows(batch, run: run, layout: layout)
        }
        let withFeatures = words[Layout.Header.rows]
        for column in layout.features {
            let missing = layout.columns[column].missingWord
            if present[column] < withFeatures {
                words[missing] &+= withFeatures - present[column]
                isTouched[column] = true
            }
        }
        return finish(layout, scope: scope)
    }

    private mutating func begin(_ batch: borrowing Batch, layout: Layout) {
        words.removeAll(keepingCapacity: true)
        words += layout.empty
        bins.removeAll(keepingCapacity: true)
        isTouched.removeAll(keepingCapacity: true)
        isTouched += repeatElement(false, count: layout.columns.count)
        if registers.count < layout.registerCount {
            registers = [UInt8](repeating: 0, count: layout.registerCount)
        }
        present.removeAll(keepingCapacity: true)
        present += repeatElement(0, count: layout.columns.count)
        columns.removeAll(keepingCapacity: true)
        columns += repeatElement(0, count: batch.nameCount)
        let count = batch.items.count
        if rows.count > Reducer.keptRows, count <= Reducer.keptRows {
            (rows, tails, largest) = ([], [], [])
        }
        if rows.count < count {
            rows = [UInt8](repeating: 0, count: count)
            tails = [UInt16](repeating: 0, count: count)
            largest = [Double](repeating: .nan, count: count)
        }
    }

    // MARK: Features

    private mutating func addColumns(
        _ batch: borrowing Batch, run: Int, layout: Layout, isRefused: ((Int) -> Bool)?
    ) {
        var marked = 0..<0
        for place in batch.numberColumns(of: run) {
            let given = batch.numberColumns[place]
            if given.rows != marked {
                marked = given.rows
                for row in given.rows where rows[row] & Row.hasFeatures == 0 {
                    if let isRefused, isRefused(row) { continue }
                    rows[row] |= Row.hasFeatures
                    words[Layout.Header.rows] &+= 1
                }
            }
            let column = column(of: given.feature, batch: batch, layout: layout)
            if column < 0 { continue }
            let plan = layout.columns[column]
            let numbers = batch.numbers.span.extracting(
                given.first..<given.first + given.rows.count)
            if isRefused == nil, let reference = plan.numeric {
                isTouched[column] = true
                present[column] &+= UInt64(numbers.count)
                add(numbers, firstRow: given.rows.lowerBound, plan: plan, reference: reference)
                continue
            }
            for index in numbers.indices {
                let row = given.rows.lowerBound + index
                if let isRefused, isRefused(row) { continue }
                present[column] &+= 1
                add(
                    Value(numbers[index]), column: column, row: row, weight: 1, batch: batch,
                    layout: layout)
            }
        }
    }

    /// Counts the numbers of consecutive rows: as `add(_:plan:reference:row:weight:)` for each, with the sums
    /// in registers.
    private mutating func add(
        _ numbers: Span<Double>, firstRow: Int, plan: LayoutColumn, reference: NumericReference
    ) {
        let search = reference.search
        let coarse = reference.coarseBins
        let scale = reference.summary.scale
        let (low, high) = (reference.summary.minimum, reference.summary.maximum)
        let (firstBin, lastBin) = (plan.firstWord, plan.binCount &- 1)
        let sums = plan.firstWord &+ plan.binCount
        let isTail = plan.tailShare != nil
        var positive = Double(bitPattern: words[plan.word(.positiveSum)])
        var negative = Double(bitPattern: words[plan.word(.negativeSum)])
        var square = Double(bitPattern: words[plan.word(.squareSum)])
        var minimum = Double(bitPattern: words[plan.word(.minimum)])
        var maximum = Double(bitPattern: words[plan.word(.maximum)])
        var (clipped, below, above): (UInt64, UInt64, UInt64) = (0, 0, 0)
        for index in numbers.indices {
            let value = numbers[index] + 0.0
            let bin = search.bin(of: value)
            let word = firstBin &+ bin
            if words[word] == 0 { bins.append(UInt32(truncatingIfNeeded: word)) }
            words[word] &+= 1
            let z = scale.z(of: value)
            addSum(z, to: sums &+ Int(coarse[bin]))
            if z > 0 { positive += z } else { negative += 0 - z }
            square += z * z
            let distance = abs(z)
            if distance > Reducer.outlierZ {
                rows[firstRow &+ index] |= Row.isOutlier
                if distance == Scale.limit { clipped &+= 1 }
            }
            if value < low { below &+= 1 }
            if value > high { above &+= 1 }
            if value < minimum { minimum = value }
            if value > maximum { maximum = value }
            if isTail, bin == 0 || bin == lastBin { tails[firstRow &+ index] &+= 1 }
        }
        words[plan.word(.positiveSum)] = positive.bitPattern
        words[plan.word(.negativeSum)] = negative.bitPattern
        words[plan.word(.squareSum)] = square.bitPattern
        words[plan.word(.minimum)] = minimum.bitPattern
        words[plan.word(.maximum)] = maximum.bitPattern
        words[plan.word(.clipped)] &+= clipped
        words[plan.word(.below)] &+= below
        words[plan.word(.above)] &+= above
    }

    private mutating func addFeatures(
        _ batch: borrowing Batch, run: Int, layout: Layout, isRefused: ((Int) -> Bool)?
    ) {
        let range = batch.features(of: run)
        if range.isEmpty { return }
        let entries = batch.features.span
        let weights = batch.weights.span
        for place in range {
            let entry = entries[place]
            let row = Int(entry.row)
            if let isRefused, isRefused(row) { continue }
            let weight = weights[row]
            if rows[row] & Row.hasFeatures == 0 {
                rows[row] |= Row.hasFeatures
                words[Layout.Header.rows] &+= weight
            }
            let column = column(of: entry.feature, batch: batch, layout: layout)
            if column < 0 { continue }
            present[column] &+= weight
            add(entry.value, column: column, row: row, weight: weight, batch: batch, layout: layout)
        }
    }

    /// The column of a feature's name; -1 for a feature that the profile does not name.
    @inline(__always)
    private mutating func column(
        of name: Symbol, batch: borrowing Batch, layout: Layout
    ) -> Int {
        let known = columns[Int(name.index)]
        if known != 0 { return known < 0 ? -1 : Int(known) - 1 }
        let found = layout.feature(batch.bytes(name))
        columns[Int(name.index)] = found.map { Int32($0) + 1 } ?? -1
        return found ?? -1
    }

    @inline(__always)
    private mutating func add(
        _ value: Value, column: Int, row: Int, weight: UInt64, batch: borrowing Batch,
        layout: Layout
    ) {
        let plan = layout.columns[column]
        isTouched[column] = true
        if let reference = plan.numeric {
            switch value.kind {
            case .number:
                add(value.number, plan: plan, reference: reference, row: row, weight: weight)
            case .missing: words[plan.missingWord] &+= weight
            case .notFinite: words[plan.word(.positiveInfinite)] &+= weight
            case .notFiniteWord:
                addWord(batch.bytes(value.text), plan: plan, weight: weight)
            case .text: words[plan.typeErrorWord] &+= weight
            }
        } else if let reference = plan.categorical {
            switch value.kind {
            case .number:
                let number = value.number + 0.0
                NumberText.withShortest(number) { text in
                    add(text, plan: plan, column: column, reference: reference, weight: weight)
                }
            case .text, .notFiniteWord:
                let text = batch.bytes(value.text)
                if text.isEmpty {
                    words[plan.missingWord] &+= weight
                } else {
                    add(text, plan: plan, column: column, reference: reference, weight: weight)
                }
            case .missing: words[plan.missingWord] &+= weight
            case .notFinite: words[plan.typeErrorWord] &+= weight
            }
        } else {
            switch value.kind {
            case .missing: words[plan.missingWord] &+= weight
            case .text where plan.isNumerical: words[plan.typeErrorWord] &+= weight
            default: words[plan.word(.values)] &+= weight
            }
        }
    }

    /// Counts a finite number.
    @inline(__always)
    private mutating func add(
        _ given: Double, plan: LayoutColumn, reference: NumericReference, row: Int, weight: UInt64
    ) {
        // -0.0 is 0.0.
        let value = given + 0.0
        let bin = reference.search.bin(of: value)
        let word = plan.firstWord &+ bin
        if words[word] == 0 { bins.append(UInt32(truncatingIfNeeded: word)) }
        words[word] &+= weight
        let z = reference.summary.scale.z(of: value)
        let times = weight == 1 ? 1 : Double(weight)
        let sum = plan.firstWord &+ plan.binCount
        addSum(z * times, to: sum &+ Int(reference.coarseBins[bin]))
        let first = sum &+ plan.coarseCount
        if z > 0 {
            addSum(z * times, to: first &+ LayoutColumn.Number.positiveSum.rawValue)
        } else {
            addSum((0 - z) * times, to: first &+ LayoutColumn.Number.negativeSum.rawValue)
        }
        addSum(z * z * times, to: first &+ LayoutColumn.Number.squareSum.rawValue)
        let distance = abs(z)
        if distance > Reducer.outlierZ {
            if row >= 0 { rows[row] |= Row.isOutlier }
            if distance == Scale.limit {
                words[first &+ LayoutColumn.Number.clipped.rawValue] &+= weight
            }
        }
        if value < reference.summary.minimum {
            words[first &+ LayoutColumn.Number.below.rawValue] &+= weight
        }
        if value > reference.summary.maximum {
            words[first &+ LayoutColumn.Number.above.rawValue] &+= weight
        }
        let minimum = first &+ LayoutColumn.Number.minimum.rawValue
        if value < Double(bitPattern: words[minimum]) { words[minimum] = value.bitPattern }
        let maximum = first &+ LayoutColumn.Number.maximum.rawValue
        if value > Double(bitPattern: words[maximum]) { words[maximum] = value.bitPattern }
        if row >= 0, bin == 0 || bin == plan.binCount &- 1, plan.tailShare != nil {
            tails[row] &+= 1
        }
    }

    @inline(__always)
    private mutating func addSum(_ value: Double, to word: Int) {
        words[word] = (Double(bitPattern: words[word]) + value).bitPattern
    }

    /// Counts one of the strings that are not finite numbers.
    private mutating func addWord(_ text: Span<UInt8>, plan: LayoutColumn, weight: UInt64) {
        if text.equals("Infinity") {
            words[plan.word(.positiveInfinite)] &+= weight
        } else if text.equals("-Infinity") {
            words[plan.word(.negativeInfinite)] &+= weight
        } else {
            words[plan.missingWord] &+= weight
        }
    }

    /// Counts a category.
    private mutating func add(
        _ text: Span<UInt8>, plan: LayoutColumn, column: Int, reference: CategoricalReference,
        weight: UInt64
    ) {
        let hash = CategoricalReference.hash(text)
        let bin: Int
        switch reference.place(of: text, hash: hash) {
        case .named(let named): bin = named
        case .other: bin = reference.namedCount
        case .unseen:
            bin = reference.binCount - 1
            words[plan.word(.unseen)] &+= weight
            note(text, hash: hash, column: column, weight: weight)
        }
        let word = plan.firstWord + bin
        if words[word] == 0 { bins.append(UInt32(truncatingIfNeeded: word)) }
        words[word] &+= weight
        let (register, rank) = DistinctRegisters.place(of: hash)
        let place = plan.firstRegister + register
        if rank > registers[place] {
            if registers[place] == 0 { raised.append(UInt32(truncatingIfNeeded: place)) }
            registers[place] = rank
        }
    }

    private mutating func note(
        _ text: Span<UInt8>, hash: UInt64, column: Int, weight: UInt64
    ) {
        // Two columns may have the same category.
        let key = hash &+ UInt64(column) &* 0x9E37_79B9_7F4A_7C15
        if unseen[key] != nil {
            unseen[key]?.count &+= weight
        } else if unseen.count < Reducer.nameLimit {
            unseen[key] = ScopeDelta.UnseenName(column: column, name: text.copied, count: weight)
        }
    }

    // MARK: Predictions and scores

    private mutating func addPredictions(
        _ batch: borrowing Batch, run: Int, layout: Layout, isRefused: ((Int) -> Bool)?
    ) {
        guard let column = layout.prediction else { return }
        for place in batch.predictions(of: run) {
            let entry = batch.predictions[place]
            let row = Int(entry.row)
            if let isRefused, isRefused(row) { continue }
            note(row, batch: batch, layout: layout)
            // A prediction makes no row an outlier: row -1.
            add(
                entry.value, column: column, row: -1, weight: batch.weights[row], batch: batch,
                layout: layout)
        }
    }

    private mutating func addScores(
        _ batch: borrowing Batch, run: Int, layout: Layout, isRefused: ((Int) -> Bool)?
    ) {
        guard let column = layout.score else { return }
        let given = batch.observations(.score, of: run)
        let scores = batch.observations(.score)
        for place in given { largest[Int(scores[place].row)] = scores[place].value }
        let byClass = batch.scores(of: run)
        if given.isEmpty {
            for place in byClass {
                let entry = batch.scores[place]
                let row = Int(entry.row)
                if !(entry.value <= largest[row]) { largest[row] = entry.value }
            }
        } else if !byClass.isEmpty {
            // Rows with a score keep it.
            let hasScore = Set(given.map { scores[$0].row })
            for place in byClass {
                let entry = batch.scores[place]
                let row = Int(entry.row)
                if !hasScore.contains(entry.row), !(entry.value <= largest[row]) {
                    largest[row] = entry.value
                }
            }
        }
        if given.isEmpty && byClass.isEmpty { return }
        for row in batch.rows(of: run) {
            let value = largest[row]
            if value.isNaN { continue }
            largest[row] = .nan
            if let isRefused, isRefused(row) { continue }
            note(row, batch: batch, layout: layout)
            add(
                Value(value), column: column, row: -1, weight: batch.weights[row], batch: batch,
                layout: layout)
        }
    }

    /// Counts a row of a profile without features.
    private mutating func note(_ row: Int, batch: borrowing Batch, layout: Layout) {
        if !layout.features.isEmpty || rows[row] & Row.isCounted != 0 { return }
        rows[row] |= Row.isCounted
        words[Layout.Header.rows] &+= batch.weights[row]
    }

    /// Counts the outliers of a run and clears its rows.
    private mutating func finishRows(_ batch: borrowing Batch, run: Int, layout: Layout) {
        let weights = batch.weights.span
        for row in batch.rows(of: run) {
            if rows[row] & Row.isOutlier != 0 {
                words[Layout.Header.zScoreRows] &+= weights[row]
            }
            if Int(tails[row]) >= layout.tailThreshold {
                words[Layout.Header.tailRows] &+= weights[row]
            }
            rows[row] = 0
            tails[row] = 0
        }
    }

    // MARK: Result

    private mutating func finish(_ layout: Layout, scope: Int) -> ScopeDelta {
        var delta = ScopeDelta(layout, scope: scope)
        for index in 0..<Layout.Header.count { append(index, layout: layout, to: &delta) }
        // Where many bins are filled, sorting them takes longer than looking at all.
        let isDense = bins.count * 8 > layout.wordCount
        if !isDense { bins.sort() }
        var next = 0
        for (number, column) in layout.columns.enumerated() {
            if !isTouched[number] { continue }
            if isDense {
                for index in column.words { append(index, layout: layout, to: &delta) }
                continue
            }
            let end = UInt32(column.firstWord + column.binCount)
            while next < bins.count, bins[next] < end {
                append(Int(bins[next]), layout: layout, to: &delta)
                next += 1
            }
            for index in column.restWords { append(index, layout: layout, to: &delta) }
        }
        raised.sort()
        for index in raised {
            delta.registers.append(
                ScopeDelta.Register(index: index, rank: registers[Int(index)]))
            registers[Int(index)] = 0
        }
        raised.removeAll(keepingCapacity: true)
        if !unseen.isEmpty {
            delta.unseen = Array(unseen.values)
            unseen.removeAll(keepingCapacity: true)
        }
        return delta
    }

    private mutating func append(_ index: Int, layout: Layout, to delta: inout ScopeDelta) {
        if words[index] == layout.empty[index] { return }
        delta.words.append(ScopeDelta.Word(index: UInt32(index), bits: words[index]))
    }
}
