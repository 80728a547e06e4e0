internal import Groups
internal import Intake
internal import Journal
internal import Kernel
internal import Model

/// What `storage inspect` tells.
struct StorageInspection {
    /// Names of a kind that the text lists.
    private static let listedNames = 40

    private let view: StorageView
    private let seconds: Int64
    private var versions: [(model: String, versions: [String])] = []
    private let groups: [GroupingKey]
    private let producers: [String]

    init(_ view: StorageView, _ state: PersistedState) {
        self.view = view
        seconds = Int64(clamping: Clock.realNanoseconds / 1_000_000_000)
        for listing in state.models.list {
            let known = versions.firstIndex { $0.model == listing.model }
            let place = known ?? versions.count
            if known == nil { versions.append((listing.model, [])) }
            if !listing.version.isEmpty { versions[place].versions.append(listing.version) }
        }
        groups = state.groups.images().map(\.key)
        producers = state.producers.list.map(\.producer)
    }

    private func age(_ snapshot: StorageView.SnapshotPart) -> Int64 {
        max(0, seconds - snapshot.writtenSeconds)
    }

    private static func time(_ seconds: Int64) -> String {
        Log.timestamp(UInt64(clamping: seconds) &* 1_000_000_000)
    }

    // MARK: For people

    var text: String {
        var lines = [
            view.isClaimed
                ? "\(view.path): a daemon works on it; this was read beside it, and nothing was changed"
                : "\(view.path): no daemon works on it; nothing was changed"
        ]
        if view.isEmpty { lines.append("nothing is kept here") }
        lines.append("")
        lines.append("files")
        for file in view.files {
            let format = file.format.map { "format \($0)" } ?? ""
            lines.append(row(file.name, AmountText.bytes(file.bytes), format))
        }
        for snapshot in view.snapshots {
            lines.append("")
            lines.append(
                "\(snapshot.file): records up to \(snapshot.position), written "
                    + "\(StorageInspection.time(snapshot.writtenSeconds)), \(age(snapshot)) s ago")
            lines += rows(snapshot.sections)
        }
        if let records = view.records {
            lines.append("")
            let range = records.range.map { ", \($0.lowerBound) to \($0.upperBound)" } ?? ""
            lines.append(
                "records: \(records.all.count) (\(AmountText.bytes(Int64(records.all.bytes))))\(range);"
                    + " a start applies \(records.replayed.count)"
                    + " (\(AmountText.bytes(Int64(records.replayed.bytes))))")
            lines += rows(records.kinds)
        }
        lines.append("")
        let count = versions.reduce(0) { $0 + $1.versions.count }
        lines.append(
            "kept: \(AmountText.count(versions.count, "model")) with"
                + " \(AmountText.count(count, "version")),"
                + " \(AmountText.count(groups.count, "group")),"
                + " \(AmountText.count(producers.count, "producer"))")
        lines += list(
            "model",
            versions.map { model, versions in
                let versions = versions.map(Log.quotedIfNeeded).joined(separator: ", ")
                return "\(Log.quotedIfNeeded(model)): \(versions)"
            })
        lines += list("group", groups.map(StorageInspection.text))
        lines += list("producer", producers.map(Log.quotedIfNeeded))
        if !view.isSound {
            lines.append("")
            lines.append(
                "\(AmountText.count(view.faultCount, "fault")): storage verify tells each, and what a"
                    + " start does with it")
        }
        return lines.joined(separator: "\n")
    }

    private func row(_ name: String, _ first: String, _ second: String) -> String {
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        let row = "  \(padded(name, 36))  \(padded(first, 12))  \(second)"
        return String(row.reversed().drop { $0 == " " }.reversed())
    }

    private func rows(_ amounts: [String: StorageView.Amount]) -> [String] {
        amounts.sorted { $0.key < $1.key }.map { name, amount in
            row(name, "\(amount.count)", AmountText.bytes(Int64(amount.bytes)))
        }
    }

    private func list(_ kind: String, _ names: [String]) -> [String] {
        let rest = names.count - StorageInspection.listedNames
        return names.prefix(StorageInspection.listedNames).map { "  \(kind) \($0)" }
            + (rest > 0 ? ["  and \(rest) more"] : [])
    }

    private static func text(_ group: GroupingKey) -> String {
        group.labels.map { "\($0.name)=\(Log.quoted($0.value))" }.joined(separator: ",")
    }

    // MARK: For programs

    var json: String {
        var json = JSONObject()
        json.add("path", view.path)
        json.add("in_use", view.isClaimed)
        json.add("files", view.files) { file, object in
            object.add("name", file.name)
            object.add("bytes", file.bytes)
            if let format = file.format { object.add("format", format) }
        }
        json.add("set_aside", view.filesSetAside.map(\.name))
        json.add("snapshots", view.snapshots) { snapshot, object in
            object.add("file", snapshot.file)
            object.add("last_record", snapshot.position)
            object.add("written", snapshot.writtenSeconds)
            object.add("age_seconds", age(snapshot))
            object.add("sections", StorageInspection.object(snapshot.sections))
        }
        if let records = view.records {
            var object = StorageInspection.object(records.all)
            if let range = records.range {
                object.add("first", range.lowerBound)
                object.add("last", range.upperBound)
            }
            object.add("replayed", StorageInspection.object(records.replayed))
            object.add("kinds", StorageInspection.object(records.kinds))
            json.add("records", object)
        }
        json.add("models", versions) { known, object in
            object.add("model", known.model)
            object.add("versions", known.versions)
        }
        json.add("groups", groups) { group, object in
            for label in group.labels { object.add(label.name, label.value) }
        }
        json.add("producers", producers)
        json.add("faults", Int64(view.faultCount))
        return json.text
    }

    private static func object(_ amount: StorageView.Amount) -> JSONObject {
        var object = JSONObject()
        object.add("count", Int64(amount.count))
        object.add("bytes", Int64(amount.bytes))
        return object
    }

    private static func object(_ amounts: [String: StorageView.Amount]) -> JSONObject {
        var object = JSONObject()
        for (name, amount) in amounts.sorted(by: { $0.key < $1.key }) {
            object.add(name, StorageInspection.object(amount))
        }
        return object
    }
}
