internal import Exposition
internal import Kernel

/// The methods that change a group.
package enum GroupMethod: Sendable {
    case put, post, delete
}

/// What a client is told, in plain text.
package struct GroupAnswer: Sendable, Equatable {
    package let status: Int
    /// A sentence without a line feed; empty when there is nothing to say.
    package let sentence: String
    /// Where else the client should ask.
    package let location: String?

    package init(_ status: Int, sentence: String = "", location: String? = nil) {
        self.status = status
        self.sentence = sentence
        self.location = location
    }
}

/// Pushgateway's requests as its clients make them, apart from HTTP.
package struct PushgatewayHandler: Sendable {
    package let store: GroupStore

    package init(_ store: GroupStore) {
        self.store = store
    }

    /// The group that a decoded path below `/metrics/` means; nil when it means none.
    package func key(of path: Span<UInt8>) -> GroupingKey? {
        guard case .group(let key) = GroupPath(path, limits: store.limits.labels) else {
            return nil
        }
        return key
    }

    /// What a request to a path below `/metrics/` leads to.
    ///
    /// `path` is decoded once and without the query; `ttl` and `aggregate` are the values of the
    /// query's parameters of these names; `body` is inflated.
    package func answer(
        _ method: GroupMethod, path: Span<UInt8>, ttl: [String] = [], aggregate: [String] = [],
        contentType: Span<UInt8>? = nil, body: Span<UInt8>, at moment: PushTime = .now
    ) -> GroupAnswer {
        switch GroupPath(path, limits: store.limits.labels) {
        case .unknown: return GroupAnswer(404, sentence: "404 page not found")
        case .redirect(let location, let status):
            return GroupAnswer(status, location: location)
        case .refused(let sentence):
            return refuse(GroupPushError(.syntax, sentence: sentence))
        case .group(let key):
            if method == .delete {
                store.remove(key)
                return GroupAnswer(202)
            }
            do throws(GroupPushError) {
                let order = try GroupPush(method, ttl: ttl, aggregate: aggregate)
                try store.push(
                    body, as: BodyFormat(contentType: contentType), to: key, order: order,
                    at: moment)
                return GroupAnswer(200)
            } catch {
                return refuse(error)
            }
        }
    }

    private func refuse(_ refusal: GroupPushError) -> GroupAnswer {
        store.count(refusal.reason)
        switch refusal.reason {
        case .syntax: return GroupAnswer(400, sentence: refusal.sentence)
        case .groupLimit, .seriesLimit, .byteLimit:
            return GroupAnswer(429, sentence: refusal.sentence)
        case .timestamps, .type, .duplicate, .label, .aggregate:
            return GroupAnswer(
                400,
                sentence:
                    "pushed metrics are invalid or inconsistent with existing metrics: \(refusal.sentence)"
            )
        }
    }
}
