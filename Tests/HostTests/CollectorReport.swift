/// What a page tells about its collectors.
struct CollectorReport {
    private(set) var successes: [String: Double] = [:]
    private(set) var series: [String: Double] = [:]
    private(set) var skipped: [String: Double] = [:]

    init(_ page: String) {
        for line in page.split(separator: "\n") {
            let parts = line.split(separator: "\"")
            guard parts.count == 3, parts[0].hasSuffix("{collector="),
                let value = Double(parts[2].dropFirst(2))
            else { continue }
            let collector = String(parts[1])
            switch parts[0] {
            case "node_scrape_collector_success{collector=": successes[collector] = value
            case "ml_exporter_collector_series{collector=": series[collector] = value
            case "ml_exporter_collector_skipped_lines_total{collector=":
                skipped[collector] = value
            default: break
            }
        }
    }
}
