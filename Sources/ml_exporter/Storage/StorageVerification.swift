internal import Journal

/// What `storage verify` tells.
struct StorageVerification {
    let view: StorageView

    var text: String {
        var lines = view.faults.map(\.description)
        if view.unlistedFaults > 0 { lines.append("and \(view.unlistedFaults) more") }
        for file in view.filesSetAside {
            lines.append(
                "\(file.name): set aside before (\(ByteText.of(file.bytes))); no start reads it")
        }
        let records = view.records?.all.count ?? 0
        let what = "\(view.snapshots.count) snapshots and \(records) records"
        if view.isSound {
            lines.append(
                view.isEmpty
                    ? "\(view.path): nothing is kept here" : "\(view.path): sound, \(what)")
        } else {
            lines.append(
                "\(view.path): \(view.faults.count + view.unlistedFaults) faults, \(what) could be"
                    + " read")
        }
        return lines.joined(separator: "\n")
    }

    var json: String {
        var json = JSONObject()
        json.add("path", view.path)
        json.add("in_use", view.isClaimed)
        json.add("sound", view.isSound)
        json.add(
            "faults",
            view.faults.map { fault in
                var object = JSONObject()
                object.add("place", fault.place)
                object.add("finding", fault.finding)
                object.add("consequence", fault.consequence)
                return object
            })
        json.add("unlisted_faults", Int64(view.unlistedFaults))
        json.add("set_aside", view.filesSetAside.map(\.name))
        return json.text
    }
}
