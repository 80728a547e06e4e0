internal import Profiles
internal import Statistics

/// What `profile show` prints.
enum ProfileText {
    static func text(_ profile: Profile) -> String {
        var lines = [
            "model \(CheckText.name(profile.model)), version \(CheckText.name(profile.modelVersion)),"
                + " profile \(profile.id), \(Amounts.count(profile.rows)) rows"
        ]
        if let source = profile.source {
            lines.append("source: \(source.kind.rawValue) \(source.path.map(CheckText.name) ?? "")")
        }
        if let task = profile.task {
            let positive = profile.positiveClass.map { ", positive class \(Quoted.text($0))" } ?? ""
            lines.append("task: \(task.rawValue)\(positive)")
        }
        if let performance = profile.performance {
            let metrics = performance.metrics.sorted { $0.key < $1.key }
                .map { "\($0.key) \(Amounts.rounded($0.value, digits: 4))" }
            lines.append(
                "performance on \(Amounts.count(performance.rows)) rows: "
                    + metrics.joined(separator: ", "))
        }
        var table = TextTable(
            ["column", "role", "type", "missing", "distinct", "bins", "values"], right: [3, 4, 5])
        for column in profile.columns { table.add(row(column)) }
        return (lines + ["", table.text]).joined(separator: "\n")
    }

    private static func row(_ column: ProfileColumn) -> [String] {
        let missing = Amounts.percent(Double(column.missing) / Double(column.rows))
        let start = [CheckText.name(column.name), column.role.rawValue]
        switch column.content {
        case .none: return start + ["-", missing, "-", "-", ""]
        case .numerical(nil, _, _): return start + ["numerical", missing, "0", "-", "no values"]
        case .numerical(let summary?, _, _):
            return start + [
                "numerical", missing, Amounts.count(summary.distinctCount),
                "\(summary.coarse.counts.count)",
                "\(Amounts.value(summary.minimum)) to \(Amounts.value(summary.maximum)),"
                    + " mean \(Amounts.value(summary.scale.mean)),"
                    + " deviation \(Amounts.value(summary.scale.deviation))",
            ]
        case .categorical(let summary):
            let names = summary.categories.prefix(4).map {
                "\(Quoted.text($0.value)) \(Amounts.percent(Double($0.count) / Double(max(summary.valueCount, 1))))"
            }
            return start + [
                "categorical", missing, Amounts.count(summary.distinctCount),
                "\(summary.binCounts.count)", names.joined(separator: ", "),
            ]
        }
    }
}
