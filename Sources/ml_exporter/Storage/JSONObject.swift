internal import Wire

/// A JSON object that is written key by key.
struct JSONObject {
    private var writer = JSONWriter()

    var text: String { "{\(String(decoding: writer.bytes, as: UTF8.self))}" }

    mutating func add(_ key: String, value: String) {
        begin(key)
        writer.string(value)
    }

    mutating func add(_ key: String, value: Int64) {
        begin(key)
        writer.number(Int(value))
    }

    mutating func add(_ key: String, value: Bool) {
        begin(key)
        writer.raw(value ? "true" : "false")
    }

    mutating func add(_ key: String, value: JSONObject) {
        begin(key)
        writer.object(value.writer)
    }

    mutating func add(_ key: String, values: [String]) {
        begin(key)
        writer.array(values) { $1.string($0) }
    }

    /// An array of objects, each with the members that `describe` gives it.
    mutating func add<Each>(
        _ key: String, values: [Each], describe: (Each, inout JSONObject) -> Void
    ) {
        begin(key)
        writer.array(values) { value, writer in
            var object = JSONObject()
            describe(value, &object)
            writer.object(object.writer)
        }
    }

    private mutating func begin(_ key: String) {
        if !writer.bytes.isEmpty { writer.raw(",") }
        writer.string(key)
        writer.raw(":")
    }
}
