// modules: Kernel Wire Statistics Profiles Series Observation Watch

import Kernel
import Observation
import Profiles
import Series
import Statistics
import Wire

// Feeds the readers of what the watch stores: sections of snapshots, deltas of records, batches.
@testable import Watch

/// A store with a profile of a numerical and a categorical feature.
private nonisolated(unsafe) let store: WatchStore = {
    let store = WatchStore(budget: SeriesBudget())
    let values = (0..<100).map { Double($0) }
    let numeric = ProfileColumn(
        name: "x", role: .feature, rows: 100, missing: 0,
        content: .numerical(NumericSummary(values), positiveInfinite: 0, negativeInfinite: 0))
    let summary = CategoricalSummary(
        distinctCount: 1, categories: [.init(value: "a", count: 100)], otherCount: 0,
        onceCount: 0, hashes: [])
    let text = ProfileColumn(
        name: "y", role: .feature, rows: 100, missing: 0, content: .categorical(summary))
    let profile = Profile(model: "m", modelVersion: "1", rows: 100, columns: [numeric, text])
    _ = store.set(Layout(profile), model: "m", version: "1", from: .request)
    return store
}()

/// A batch of a row of that version.
private nonisolated(unsafe) let batch: Batch = {
    var batch = Batch()
    let scope = batch.scope(
        model: batch.intern("m"), version: batch.intern("1"), variant: .none)
    batch.openRun(scope, at: batch.mark)
    let name = batch.intern("x")
    batch.append(feature: name, row: 0, value: Value(3))
    batch.appendRow(item: 0, outcome: .ok, reason: .none, weight: 1, size: 1)
    return batch
}()

private nonisolated(unsafe) var other = Batch()

/// The first byte chooses what reads the rest: nothing may trap, and what is read can be written, counted and
/// evaluated.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzWatch(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start = unsafe start, count > 0 else { return 0 }
    let input = unsafe Span<UInt8>(_unsafeStart: start, count: count)
    let text = input.extracting(droppingFirst: 1)
    switch input[0] % 3 {
    case 0:
        _ = unsafe store.restore(text)
        unsafe store.evaluateAgain()
        unsafe store.evaluate(at: Timestamp(unixSeconds: 1e9, monotonicNanoseconds: 0))
        _ = unsafe store.report(model: "m", version: "1")
        let image = unsafe store.image
        for number in 0..<image.count { precondition(!image.bytes(of: number).isEmpty) }
    case 1:
        var reader = ByteReader(text)
        guard let deltas = unsafe store.replay(&reader, batch: batch) else { return 0 }
        unsafe store.apply(deltas, batch: batch, at: 1e9)
        var writer = ByteWriter()
        deltas.write(to: &writer)
        precondition(writer.count > 0)
    default:
        var reader = ByteReader(text)
        if unsafe other.read(&reader) {
            let deltas = unsafe store.reduce(other)
            unsafe store.apply(deltas, batch: other, at: 1e9)
        }
    }
    return 0
}
