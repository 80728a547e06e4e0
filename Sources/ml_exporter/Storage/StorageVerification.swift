internal import Journal

/// What `storage verify` tells.
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
        let snapshots = AmountText.count(view.snapshots.count, "snapshot")
        let what = "\(snapshots) and \(AmountText.count(view.records?.all.count ?? 0, "record"))"
        if view.isSound {
            lines.append(
                view.isEmpty
                    ? "\(view.path): nothing is kept here" : "\(view.path): sound, \(what)")
        } else {
            lines.append(
                "\(view.path): \(AmountText.count(view.faultCount, "fault")); \(what) could be read"
            )
        }
        return lines.joined(separator: "\n")
    }

    var json: String {
        var json = JSONObject()
        json.add("path", view.path)
        json.add("in_use", view.isClaimed)
        json.add("sound", view.isSound)
        json.add("faults", view.faults) { fault, object in
            object.add("place", fault.place)
            object.add("finding", fault.finding)
            object.add("consequence", fault.consequence)
        }
        json.add("unlisted_faults", Int64(view.unlistedFaults))
        json.add("set_aside", view.filesSetAside.map(\.name))
        return json.text
    }
}
