internal import Groups
internal import Intake
internal import Journal
internal import Kernel
internal import Model
internal import PushPipeline
internal import Wire

/// The output of `storage inspect`.
struct StorageInspection {
    /// Names of a kind that the text lists.
    private static let listedNames = 40

    private let view: StorageView
    private let seconds: Int64
    private var versions: [(model: String, versions: [String])] = []
    private let groups: [GroupingKey]
    private let producers: [String]

    init(_ view: StorageView, state: PersistedState) {
        self.view = view
        seconds = Int64(clamping: Clock.realNanoseconds / 1_000_000_000)
        for listing in state.models.list {
            let known = versions.firstIndex { $0.model == listing.model }
            let place = known ?? versions.count
            if known == nil { versions.append((listing.model, [])) }
            if !listing.version.isEmpty { versions[place].versions.append(listing.version) }
        }
        groups = state.groups.images().keys
        producers = state.producers.list.map(\.producer)
    }

    private func age(_ snapshot: StorageView.SnapshotPart) -> Int64 {
        max(0, seconds - snapshot.writtenSeconds)
    }

    private static func time(_ seconds: Int64) -> String {
        Log.timestamp(UInt64(clamping: seconds) &* 1_000_000_000)
    }

    // MARK: Text

    var text: String {
        var lines = [
            view.isClaimed
                ? "\(view.path): in use by a daemon; inspected without changes"
                : "\(view.path): not in use; inspected without changes"
        ]
        if view.isEmpty { lines.append("the storage is empty") }
        lines.append("")
        lines.append("files")
        for file in view.files {
            let format = file.format.map { "format \($0)" } ?? ""
            lines.append(row(file.name, first: AmountText.bytes(file.bytes), second: format))
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
            "stored: \(AmountText.count(versions.count, noun: "model")) with"
                + " \(AmountText.count(count, noun: "version")),"
                + " \(AmountText.count(groups.count, noun: "group")),"
                + " \(AmountText.count(producers.count, noun: "producer"))")
        lines += list(
            "model",
            names: versions.map { model, versions in
                let versions = versions.map(Log.quotedIfNeeded).joined(separator: ", ")
                return "\(Log.quotedIfNeeded(model)): \(versions)"
            })
        lines += list("group", names: groups.map(StorageInspection.text))
        lines += list("producer", names: producers.map(Log.quotedIfNeeded))
        if !view.isSound {
            lines.append("")
            lines.append(
                "\(AmountText.count(view.faultCount, noun: "fault")): storage verify lists each, and how a"
                    + " start handles it")
        }
        return lines.joined(separator: "\n")
    }

    private func row(_ name: String, first: String, second: String) -> String {
        func padded(_ text: String, width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        let row = "  \(padded(name, width: 36))  \(padded(first, width: 12))  \(second)"
        return String(row.reversed().drop { $0 == " " }.reversed())
    }

    private func rows(_ amounts: [String: StorageView.Amount]) -> [String] {
        amounts.sorted { $0.key < $1.key }.map { name, amount in
            row(name, first: "\(amount.count)", second: AmountText.bytes(Int64(amount.bytes)))
        }
    }

    private func list(_ kind: String, names: [String]) -> [String] {
        let rest = names.count - StorageInspection.listedNames
        return names.prefix(StorageInspection.listedNames).map { "  \(kind) \($0)" }
            + (rest > 0 ? ["  and \(rest) more"] : [])
    }

    private static func text(_ group: GroupingKey) -> String {
        group.labels.map { "\($0.name)=\(JSONText.quoted($0.value))" }.joined(separator: ",")
    }

    // MARK: For programs

    var json: String {
        var json = JSONObject()
        json.add("path", value: view.path)
        json.add("in_use", value: view.isClaimed)
        json.add("files", values: view.files) { file, object in
            object.add("name", value: file.name)
            object.add("bytes", value: file.bytes)
            if let format = file.format { object.add("format", value: format) }
        }
        json.add("set_aside", values: view.filesSetAside.map(\.name))
        json.add("snapshots", values: view.snapshots) { snapshot, object in
            object.add("file", value: snapshot.file)
            object.add("last_record", value: snapshot.position)
            object.add("written", value: snapshot.writtenSeconds)
            object.add("age_seconds", value: age(snapshot))
            object.add("sections", value: StorageInspection.object(snapshot.sections))
        }
        if let records = view.records {
            var object = StorageInspection.object(records.all)
            if let range = records.range {
                object.add("first", value: range.lowerBound)
                object.add("last", value: range.upperBound)
            }
            object.add("replayed", value: StorageInspection.object(records.replayed))
            object.add("kinds", value: StorageInspection.object(records.kinds))
            json.add("records", value: object)
        }
        json.add("models", values: versions) { known, object in
            object.add("model", value: known.model)
            object.add("versions", values: known.versions)
        }
        json.add("groups", values: groups) { group, object in
            for label in group.labels { object.add(label.name, value: label.value) }
        }
        json.add("producers", values: producers)
        json.add("faults", value: Int64(view.faultCount))
        return json.text
    }

    private static func object(_ amount: StorageView.Amount) -> JSONObject {
        var object = JSONObject()
        object.add("count", value: Int64(amount.count))
        object.add("bytes", value: Int64(amount.bytes))
        return object
    }

    private static func object(_ amounts: [String: StorageView.Amount]) -> JSONObject {
        var object = JSONObject()
        for (name, amount) in amounts.sorted(by: { $0.key < $1.key }) {
            object.add(name, value: StorageInspection.object(amount))
        }
        return object
    }
}
