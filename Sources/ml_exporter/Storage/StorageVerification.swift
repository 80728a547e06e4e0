internal import Journal

/// The output of `storage verify`.
struct StorageVerification {
    let view: StorageView

    var text: String {
        var lines = view.faults.map(\.description)
        if view.unlistedFaults > 0 { lines.append("and \(view.unlistedFaults) more") }
        for file in view.filesSetAside {
            lines.append(
                "\(file.name): set aside before (\(AmountText.bytes(file.bytes))); no start reads it"
            )
        }
        let snapshots = AmountText.count(view.snapshots.count, noun: "snapshot")
        let what =
            "\(snapshots) and \(AmountText.count(view.records?.all.count ?? 0, noun: "record"))"
        if view.isSound {
            lines.append(
                view.isEmpty
                    ? "\(view.path): the storage is empty" : "\(view.path): sound, \(what)")
        } else {
            lines.append(
                "\(view.path): \(AmountText.count(view.faultCount, noun: "fault")); \(what) could be read"
            )
        }
        return lines.joined(separator: "\n")
    }

    var json: String {
        var json = JSONObject()
        json.add("path", value: view.path)
        json.add("in_use", value: view.isClaimed)
        json.add("sound", value: view.isSound)
        json.add("faults", values: view.faults) { fault, object in
            object.add("place", value: fault.place)
            object.add("finding", value: fault.finding)
            object.add("consequence", value: fault.consequence)
        }
        json.add("unlisted_faults", value: Int64(view.unlistedFaults))
        json.add("set_aside", values: view.filesSetAside.map(\.name))
        return json.text
    }
}
