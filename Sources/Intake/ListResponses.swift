internal import Wire

/// Responses that list models and producers.
package enum ListResponses {
    /// A version in the response to `GET /v1/models`.
    package struct Version: Sendable {
        package let model: String
        package let version: String
        package let rows: UInt64
        /// Unix seconds.
        package let lastPush: Double

        package init(model: String, version: String, rows: UInt64, lastPush: Double) {
            self.model = model
            self.version = version
            self.rows = rows
            self.lastPush = lastPush
        }
    }

    package static func models(_ versions: [Version]) -> [UInt8] {
        var text = JSONWriter()
        text.raw("{\"models\":[")
        for (index, version) in versions.enumerated() {
            text.raw(index == 0 ? "{\"model\":" : ",{\"model\":")
            text.string(version.model)
            text.raw(",\"version\":")
            text.string(version.version)
            text.raw(",\"rows\":")
            text.number(version.rows)
            text.raw(",\"last_push\":")
            text.seconds(version.lastPush)
            text.raw("}")
        }
        text.raw("]}\n")
        return text.bytes
    }

    package static func producers(_ producers: [ProducerTable.ProducerInfo]) -> [UInt8] {
        var text = JSONWriter()
        text.raw("{\"producers\":[")
        for (index, producer) in producers.enumerated() {
            text.raw(index == 0 ? "{\"id\":" : ",{\"id\":")
            text.string(producer.producer)
            text.raw(",\"start\":")
            text.seconds(producer.start)
            text.raw(",\"last_sequence\":")
            text.number(producer.sequence)
            text.raw(",\"last_push\":")
            text.seconds(producer.lastPush)
            text.raw(",\"duplicate_batches\":")
            text.number(producer.duplicates)
            text.raw(",\"lost_batches\":")
            text.number(producer.lost)
            text.raw("}")
        }
        text.raw("]}\n")
        return text.bytes
    }
}
