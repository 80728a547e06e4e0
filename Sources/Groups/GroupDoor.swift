internal import Exposition
internal import Kernel

/// The methods that change a group.
public enum GroupMethod: Sendable {
    case put, post, delete
}

/// What a client is told, in plain text.
public struct GroupAnswer: Sendable, Equatable {
    public let status: Int
    /// A sentence without a line feed; empty when there is nothing to say.
    public let sentence: String
    /// Where else the client should ask.
    public let location: String?

    public init(_ status: Int, _ sentence: String = "", location: String? = nil) {
        self.status = status
        self.sentence = sentence
        self.location = location
    }
}

/// Pushgateway's requests as its clients make them, apart from HTTP.
public struct GroupDoor: Sendable {
    public let store: GroupStore

    public init(_ store: GroupStore) {
        self.store = store
    }

    /// The group that a decoded path below `/metrics/` means; nil when it means none.
    public func key(of path: Span<UInt8>) -> GroupingKey? {
        guard case .group(let key) = GroupPath(path, limits: store.limits.labels) else {
            return nil
        }
        return key
    }

    /// What a request to a path below `/metrics/` leads to.
    ///
    /// `path` is decoded once and without the query; `ttl` and `aggregate` are the values of the
    /// query's parameters of these names; `body` is inflated.
    public func answer(
        _ method: GroupMethod, path: Span<UInt8>, ttl: [String] = [], aggregate: [String] = [],
        contentType: Span<UInt8>? = nil, body: Span<UInt8>, at moment: Moment = .now
    ) -> GroupAnswer {
        switch GroupPath(path, limits: store.limits.labels) {
        case .unknown: return GroupAnswer(404, "404 page not found")
        case .redirect(let location, let status):
            return GroupAnswer(status, location: location)
        case .refused(let sentence):
            return refuse(RefusedPush(.syntax, sentence))
        case .group(let key):
            if method == .delete {
                store.remove(key)
                return GroupAnswer(202)
            }
            do throws(RefusedPush) {
                let order = try PushOrder(method, ttl: ttl, aggregate: aggregate)
                try store.push(
                    body, as: BodyForm(contentType: contentType), to: key, order, at: moment)
                return GroupAnswer(200)
            } catch {
                return refuse(error)
            }
        }
    }

    private func refuse(_ refusal: RefusedPush) -> GroupAnswer {
        store.count(refusal.reason)
        switch refusal.reason {
        case .syntax: return GroupAnswer(400, refusal.sentence)
        case .groupLimit, .seriesLimit, .byteLimit: return GroupAnswer(429, refusal.sentence)
        case .timestamps, .type, .duplicate, .label, .aggregate:
            return GroupAnswer(
                400,
                "pushed metrics are invalid or inconsistent with existing metrics: \(refusal.sentence)"
            )
        }
    }
}
