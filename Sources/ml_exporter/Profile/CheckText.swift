internal import Profiles
internal import Statistics

/// What `profile check` prints for people.
enum CheckText {
    static func text(_ report: CheckReport) -> String {
        var table = TextTable(
            ["column", "role", "rows", "missing", "PSI", "noise", "p", "drifted", ""],
            right: [2, 3, 4, 5, 6])
        for column in report.columns {
            let isScored = column.scores.map { !$0.isUndefined } ?? false
            let scores = isScored ? column.scores : nil
            let name = name(column.name)
            table.add([
                name, column.role.rawValue, Amounts.count(column.rows),
                Amounts.percent(Double(column.missing) / Double(column.rows)),
                scores.map { Amounts.rounded($0.psi, digits: 4) } ?? "-",
                scores.map { Amounts.rounded($0.psiNoise, digits: 4) } ?? "-",
                scores.map { Amounts.chance($0.psiPValue) } ?? "-",
                column.hasDrifted.map { $0 ? "yes" : "no" } ?? "-",
                column.sentences.joined(separator: "; "),
            ])
        }
        var lines = [table.text, ""]
        if !report.extraColumns.isEmpty {
            let names = report.extraColumns.map(name).joined(separator: ", ")
            lines.append("not in the profile: \(names)")
        }
        let features = report.columns.filter { $0.role == .feature }
        let evaluated = features.filter { $0.hasDrifted != nil }
        let drifted = report.columns.filter { $0.hasDrifted == true }
        let quality = report.columns.filter { $0.quality.contains(where: \.isFinding) }
        lines.append(
            "\(report.model) \(report.modelVersion), profile \(report.profileID):"
                + " \(Amounts.count(report.rows)) rows against \(Amounts.count(report.referenceRows));"
                + " \(evaluated.count) of \(AmountText.count(features.count, noun: "feature")) evaluated,"
                + " \(AmountText.count(drifted.count, noun: "column")) drifted,"
                + " \(AmountText.count(quality.count, noun: "column")) with worse quality")
        return lines.joined(separator: "\n")
    }

    /// A column's name on a terminal, without control characters.
    static func name(_ name: String) -> String {
        let isPlain = name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        return isPlain && name.count <= 60 ? name : Quoted.text(name)
    }
}
