/// A JSON object that is written key by key.
struct JSONObject {
    private var members: [String] = []

    var text: String { "{\(members.joined(separator: ","))}" }

    mutating func add(_ key: String, _ value: String) { add(key, raw: Log.quoted(value)) }

    mutating func add(_ key: String, _ value: Int64) { add(key, raw: "\(value)") }

    mutating func add(_ key: String, _ value: Bool) { add(key, raw: "\(value)") }

    mutating func add(_ key: String, _ value: JSONObject) { add(key, raw: value.text) }

    mutating func add(_ key: String, _ values: [String]) {
        add(key, raw: JSONObject.array(values.map(Log.quoted)))
    }

    mutating func add(_ key: String, _ values: [JSONObject]) {
        add(key, raw: JSONObject.array(values.map(\.text)))
    }

    private mutating func add(_ key: String, raw value: String) {
        members.append("\(Log.quoted(key)):\(value)")
    }

    private static func array(_ values: [String]) -> String {
        "[\(values.joined(separator: ","))]"
    }
}
