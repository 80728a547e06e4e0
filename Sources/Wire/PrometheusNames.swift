internal import Kernel

/// The names of Prometheus' data model
/// (https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels), without the quoted
/// UTF-8 names of version 3.
extension Span where Element == UInt8 {
    /// Whether these bytes are the name of a metric: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    package var isMetricName: Bool { isName(withColons: true) }

    /// Whether these bytes are the name of a label: `[a-zA-Z_][a-zA-Z0-9_]*`.
    package var isLabelName: Bool { isName(withColons: false) }

    /// Whether a client may choose this label name: names that begin with `__` are Prometheus' own.
    package var isClientLabelName: Bool { isLabelName && !starts(with: "__") }

    private func isName(withColons: Bool) -> Bool {
        if isEmpty { return false }
        for index in 0..<count {
            switch self[index] {
            case 0x41...0x5A, 0x61...0x7A, 0x5F: continue
            case 0x3A where withColons: continue
            case 0x30...0x39 where index > 0: continue
            default: return false
            }
        }
        return true
    }
}
