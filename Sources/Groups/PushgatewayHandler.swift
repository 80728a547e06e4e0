internal import Exposition
package import Kernel

/// The methods that change a group.
package enum GroupMethod: Sendable {
    case put, post, delete
}

/// An answer to a client, in plain text.
package struct GroupAnswer: Sendable, Equatable {
    package let status: Int
    /// A message without a line feed; can be empty.
    package let sentence: String
    /// The value of the Location header of a redirect.
    package let location: String?

    package init(_ status: Int, sentence: String = "", location: String? = nil) {
        self.status = status
        self.sentence = sentence
        self.location = location
    }
}

extension GroupAnswer {
    /// The answer to a push that needs more memory than there is for pushes.
    package init(_ shortage: ByteShortage) {
        switch shortage {
        case .busy(let limit):
            self.init(
                503,
                sentence: "all pushes together take \(limit) bytes of memory, the limit; try again")
        case .tooLarge(let limit):
            self.init(
                413, sentence: "the push takes more than \(limit) bytes of memory while it is read")
        }
    }
}

/// Pushgateway's requests as its clients make them, apart from HTTP.
package struct PushgatewayHandler: Sendable {
    package let store: GroupStore

    package init(_ store: GroupStore) {
        self.store = store
    }

    /// A request whose path, parameters and body have been parsed. Its result depends on
    /// the groups that exist when it is performed.
    package struct ParsedRequest: Sendable {
        fileprivate enum Action: Sendable {
            case answer(GroupAnswer)
            case refuse(GroupPushError, changesFailureTime: Bool)
            case delete
            case push([RenderedFamily], GroupPush)
        }

        /// The group that the path names; nil if it names none.
        package let key: GroupingKey?
        fileprivate let action: Action

        fileprivate init(key: GroupingKey?, action: Action) {
            self.key = key
            self.action = action
        }

        fileprivate init(_ failure: GroupStore.ParseFailure, key: GroupingKey) {
            switch failure {
            case .refused(let refusal, let changesFailureTime):
                self.init(
                    key: key, action: .refuse(refusal, changesFailureTime: changesFailureTime))
            case .shortage(let shortage):
                self.init(key: nil, action: .answer(GroupAnswer(shortage)))
            }
        }
    }

    /// A request that was read: its body is not needed any more.
    package struct ReadRequest {
        fileprivate enum Content {
            case parsed(ParsedRequest)
            case body(GroupStore.ParsedBody, GroupingKey, GroupPush)
        }

        fileprivate let content: Content
    }

    /// Parses a request to a path below `/metrics/` without changing anything. Any thread may call
    /// it.
    ///
    /// `path` is percent-decoded once and has no query; `ttl` and `aggregate` are the values of the
    /// query parameters with these names; `body` is inflated. `parsing` counts the memory of the parser,
    /// `rendering` that of the families, which the result of `render` holds.
    package func read(
        _ method: GroupMethod, path: Span<UInt8>, ttl: [String] = [], aggregate: [String] = [],
        contentType: Span<UInt8>? = nil, body: Span<UInt8>, parsing: ByteClaim? = nil,
        rendering: ByteClaim? = nil
    ) -> ReadRequest {
        func done(
            _ key: GroupingKey?, _ action: ParsedRequest.Action
        ) -> ReadRequest {
            ReadRequest(content: .parsed(ParsedRequest(key: key, action: action)))
        }
        let key: GroupingKey
        switch GroupPath(path, limits: store.limits.labels) {
        case .unknown:
            return done(nil, .answer(GroupAnswer(404, sentence: "404 page not found")))
        case .redirect(let location, let status):
            return done(nil, .answer(GroupAnswer(status, location: location)))
        case .refused(let sentence):
            return done(
                nil,
                .refuse(GroupPushError(.syntax, sentence: sentence), changesFailureTime: false))
        case .group(let named): key = named
        }
        if method == .delete { return done(key, .delete) }
        let order: GroupPush
        do throws(GroupPushError) {
            order = try GroupPush(method, ttl: ttl, aggregate: aggregate)
        } catch {
            return done(key, .refuse(error, changesFailureTime: false))
        }
        do throws(GroupStore.ParseFailure) {
            let parsed = try store.parse(
                body, as: BodyFormat(contentType: contentType), parsing: parsing,
                rendering: rendering)
            return ReadRequest(content: .body(parsed, key, order))
        } catch {
            return ReadRequest(content: .parsed(ParsedRequest(error, key: key)))
        }
    }

    /// Renders the families of a request.
    package func render(_ request: consuming ReadRequest) -> ParsedRequest {
        switch request.content {
        case .parsed(let parsed): return parsed
        case .body(let body, let key, let order):
            do throws(GroupStore.ParseFailure) {
                let families = try store.render(body, key: key)
                return ParsedRequest(key: key, action: .push(families, order))
            } catch {
                return ParsedRequest(error, key: key)
            }
        }
    }

    /// The answer to a request, and what it has changed.
    package struct Outcome: Sendable {
        package let answer: GroupAnswer
        /// Nil if nothing has changed.
        package var change: GroupChange?
    }

    /// Applies the request to the groups.
    package func perform(_ request: ParsedRequest, at time: Timestamp) -> Outcome {
        switch (request.action, request.key) {
        case (.answer(let answer), _): return Outcome(answer: answer)
        case (.delete, let key?):
            return Outcome(answer: GroupAnswer(202), change: store.remove(key))
        case (.push(let families, let order), let key?):
            let result = store.push(families, to: key, order: order, at: time)
            return Outcome(
                answer: result.error.map(refuse) ?? GroupAnswer(200), change: result.change)
        case (.refuse(let error, let changesFailureTime), let key):
            var change: GroupChange?
            if changesFailureTime, let key { change = store.setFailureTime(of: key, at: time) }
            return Outcome(answer: refuse(error), change: change)
        case (.delete, nil), (.push, nil):
            return Outcome(answer: GroupAnswer(404, sentence: "404 page not found"))
        }
    }

    /// Parses and performs a request.
    package func answer(
        _ method: GroupMethod, path: Span<UInt8>, ttl: [String] = [], aggregate: [String] = [],
        contentType: Span<UInt8>? = nil, body: Span<UInt8>, at time: Timestamp = .now
    ) -> GroupAnswer {
        let request = read(
            method, path: path, ttl: ttl, aggregate: aggregate, contentType: contentType,
            body: body)
        return perform(render(request), at: time).answer
    }

    private func refuse(_ refusal: GroupPushError) -> GroupAnswer {
        store.count(refusal.reason)
        switch refusal.reason {
        case .syntax: return GroupAnswer(400, sentence: refusal.sentence)
        case .cost: return GroupAnswer(413, sentence: refusal.sentence)
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
