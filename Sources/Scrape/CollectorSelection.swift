internal import HTTP

/// The parameters `collect[]` and `exclude[]` of a scrape.
package enum CollectorSelection {
    /// Why a request is answered with status 400.
    package struct SelectionError: Error, Equatable {
        package let sentence: String
    }

    /// The names that the parameters leave, or nil for all. `enabled` are those that run, `known` are
    /// all there are. The messages are node_exporter's.
    package static func names(
        in query: Span<UInt8>, enabled: Set<String>, known: Set<String>
    ) throws(SelectionError) -> Set<String>? {
        if query.isEmpty { return nil }
        let collect = Query.values(of: "collect[]", in: query)
        let exclude = Query.values(of: "exclude[]", in: query)
        if !collect.isEmpty, !exclude.isEmpty {
            throw SelectionError(
                sentence: "Combined collect and exclude queries are not allowed.")
        }
        for name in collect where !enabled.contains(name) {
            let state = known.contains(name) ? "disabled" : "missing"
            throw SelectionError(
                sentence:
                    "Couldn't create filtered metrics handler: couldn't create collector: \(state) collector: \(name)"
            )
        }
        if !collect.isEmpty { return Set(collect) }
        return exclude.isEmpty ? nil : enabled.subtracting(exclude)
    }
}
