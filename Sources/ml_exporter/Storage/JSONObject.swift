/// A JSON object that is written key by key.
struct JSONObject {
    private var members: [String] = []

    var text: String { "{\(members.joined(separator: ","))}" }

    mutating func add(_ key: String, value: String) { add(key, raw: Log.quoted(value)) }

    mutating func add(_ key: String, value: Int64) { add(key, raw: "\(value)") }

    mutating func add(_ key: String, value: Bool) { add(key, raw: "\(value)") }

    mutating func add(_ key: String, value: JSONObject) { add(key, raw: value.text) }

    mutating func add(_ key: String, values: [String]) {
        add(key, raw: JSONObject.array(values.map(Log.quoted)))
    }

    /// An array of objects, each with the members that `describe` gives it.
    mutating func add<Each>(
        _ key: String, values: [Each], describe: (Each, inout JSONObject) -> Void
    ) {
        let texts = values.map { value in
            var object = JSONObject()
            describe(value, &object)
            return object.text
        }
        add(key, raw: JSONObject.array(texts))
    }

    private mutating func add(_ key: String, raw value: String) {
        members.append("\(Log.quoted(key)):\(value)")
    }

    private static func array(_ values: [String]) -> String {
        "[\(values.joined(separator: ","))]"
    }
}
