internal import Kernel

/// The top-level keys of events.
enum Key: Int, CaseIterable {
    case type, model, version, variant, timestamp
    case outcome, reason, durationSeconds, stages, batchSize, tokens
    case timeToFirstTokenSeconds, timePerOutputTokenSeconds, finishReason
    case features, prediction, score, scores, groups, inputErrors, attributions, id, traceID
    case columns, count
    case label
    case run, split, epoch, step, metrics, featureImportance, featureStatistics, status, rows
    case inFlight, queueLength, kvCacheUsageRatio
    case event, framework, gitSHA, trainedAt
    case name, kind, value, target, labels, unit

    var text: StaticString {
        switch self {
        case .type: "type"
        case .model: "model"
        case .version: "version"
        case .variant: "variant"
        case .timestamp: "timestamp"
        case .outcome: "outcome"
        case .reason: "reason"
        case .durationSeconds: "duration_seconds"
        case .stages: "stages"
        case .batchSize: "batch_size"
        case .tokens: "tokens"
        case .timeToFirstTokenSeconds: "time_to_first_token_seconds"
        case .timePerOutputTokenSeconds: "time_per_output_token_seconds"
        case .finishReason: "finish_reason"
        case .features: "features"
        case .prediction: "prediction"
        case .score: "score"
        case .scores: "scores"
        case .groups: "groups"
        case .inputErrors: "input_errors"
        case .attributions: "attributions"
        case .id: "id"
        case .traceID: "trace_id"
        case .columns: "columns"
        case .count: "count"
        case .label: "label"
        case .run: "run"
        case .split: "split"
        case .epoch: "epoch"
        case .step: "step"
        case .metrics: "metrics"
        case .featureImportance: "feature_importance"
        case .featureStatistics: "feature_statistics"
        case .status: "status"
        case .rows: "rows"
        case .inFlight: "in_flight"
        case .queueLength: "queue_length"
        case .kvCacheUsageRatio: "kv_cache_usage_ratio"
        case .event: "event"
        case .framework: "framework"
        case .gitSHA: "git_sha"
        case .trainedAt: "trained_at"
        case .name: "name"
        case .kind: "kind"
        case .value: "value"
        case .target: "target"
        case .labels: "labels"
        case .unit: "unit"
        }
    }
}

/// A set of keys.
struct KeySet: ExpressibleByArrayLiteral {
    private(set) var bits: UInt64 = 0

    init() {}

    init(arrayLiteral keys: Key...) {
        for key in keys { insert(key) }
    }

    @inline(__always)
    mutating func insert(_ key: Key) { bits |= 1 << UInt64(key.rawValue) }

    @inline(__always)
    func contains(_ key: Key) -> Bool { bits & (1 << UInt64(key.rawValue)) != 0 }

    var isEmpty: Bool { bits == 0 }

    var count: Int { bits.nonzeroBitCount }

    func union(_ other: KeySet) -> KeySet {
        var keys = self
        keys.bits |= other.bits
        return keys
    }

    @inline(__always)
    func intersection(_ other: KeySet) -> KeySet {
        var keys = self
        keys.bits &= other.bits
        return keys
    }

    func subtracting(_ other: KeySet) -> KeySet {
        var keys = self
        keys.bits &= ~other.bits
        return keys
    }

    /// The keys as they are spelled.
    var texts: [StaticString] {
        Key.allCases.filter { contains($0) }.map(\.text)
    }

    /// The first key in the order of `Key`.
    var first: Key? { bits == 0 ? nil : Key(rawValue: bits.trailingZeroBitCount) }
}

/// Finds a key by its bytes: a perfect-enough hash of the length and three bytes over a fixed set,
/// which is faster than a general table for the 10 to 20 look-ups of every event.
struct KeyTable {
    private var index = HashIndex(capacity: 256)
    private var texts: [[UInt8]] = []

    init() {
        // `KnownFields` has 60 slots, `KeySet` 64 bits.
        precondition(Key.allCases.count <= 60)
        for (number, key) in Key.allCases.enumerated() {
            precondition(key.rawValue == number)
            let bytes = unsafe [UInt8](
                UnsafeBufferPointer(start: key.text.utf8Start, count: key.text.utf8CodeUnitCount))
            texts.append(bytes)
            index.append(KeyTable.hash(bytes.span))
        }
    }

    @inline(__always)
    func key(_ bytes: Span<UInt8>) -> Key? {
        if bytes.isEmpty { return nil }
        return index.number(of: KeyTable.hash(bytes)) { bytes.equals(texts[$0]) }
            .flatMap(Key.init(rawValue:))
    }

    @inline(__always)
    private static func hash(_ bytes: Span<UInt8>) -> Int {
        let last = bytes.count &- 1
        return bytes.count &* 37 &+ Int(bytes[0]) &* 5 &+ Int(bytes[last]) &* 11
            &+ Int(bytes[last / 2])
    }
}
